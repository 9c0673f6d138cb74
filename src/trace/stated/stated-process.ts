/**
 * What comments state about the process as a whole. mallog's own hook writes them:
 *
 *     # pid 16342
 *     # start 1796001966                           when its clock began, in seconds since 1970
 *     # program /usr/lib/jvm/java-17/bin/java
 *     # command java -jar app.jar
 *     # setting GLIBC_TUNABLES=a=b:c=d
 *     # cgroup limit=536870912 usage=412000000     bytes; the least limit of its cgroups, or max
 *     # rss 1052672 … other=8400896                other: resident bytes of the process outside malloc's memory
 *     # forked                                     it began as a copy of its parent, and has not executed a program
 *     # lost 17                                    calls that could not be written
 */
export class StatedProcess {
  pid: number | null = null;
  /** seconds since 1970 (UTC) at the log's time 0, cut to the second; null: not stated */
  startSeconds: number | null = null;
  /** path of the executable */
  program: string | null = null;
  command: string | null = null;
  /** the environment variable GLIBC_TUNABLES */
  tunables: string | null = null;
  /** the container's memory limit in bytes; null: none is stated, or there is none */
  limitBytes: number | null = null;
  /** the largest RSS outside malloc's memory at a sample, in bytes; null: no sample states it */
  otherRssBytes: number | null = null;
  lostCalls = 0;
  isForked = false;

  /** `value`: the first word after the key, `rest`: what follows it. */
  read(key: string, value: string, rest: string): void {
    switch (key) {
      case "pid":
        this.pid = wholeNumber(value) ?? this.pid;
        break;
      case "start":
        this.startSeconds = wholeNumber(value) ?? this.startSeconds;
        break;
      case "program":
        this.program = `${value} ${rest}`.trim() || null;
        break;
      case "command":
        this.command = `${value} ${rest}`.trim() || null;
        break;
      case "setting":
        this.tunables = /^GLIBC_TUNABLES=(.+)$/.exec(value)?.[1] ?? this.tunables;
        break;
      case "cgroup":
        this.limitBytes = fieldOf("limit", `${value} ${rest}`) ?? this.limitBytes;
        break;
      case "rss": {
        const other = fieldOf("other", rest);
        if (other !== null) {
          this.otherRssBytes = Math.max(other, this.otherRssBytes ?? 0);
        }
        break;
      }
      case "forked":
        this.isForked = true;
        break;
      case "lost":
        this.lostCalls += wholeNumber(value) ?? 0;
        break;
    }
  }
}

function fieldOf(name: string, text: string): number | null {
  const field = text.split(" ").find((word) => word.startsWith(`${name}=`));
  return field === undefined ? null : wholeNumber(field.slice(name.length + 1));
}

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
