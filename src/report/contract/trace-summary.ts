/** What the log itself says: the part of the report that needs no model. */

export interface TraceSummary {
  /** native, or the name of the tool that wrote the log, as --input-format has it */
  readonly format: string;
  /** what a log of another format than the native one does not tell; absent for the native format */
  readonly foreign?: ForeignSummary;
  /** names of the inputs in the order read; "-" is standard input */
  readonly sources: readonly string[];
  /** the inputs were given in another order, and read in that of their first times; absent otherwise */
  readonly sortedByTime?: true;
  /**
   * of the inputs, logs of forked processes that begin with their parents' calls up to the fork: lines are counted from
   * there; absent: none
   */
  readonly withParents?: readonly string[];
  readonly events: number;
  readonly threads: number;
  /** least and greatest time of all lines, in seconds on the log's clock; null if the log has no times */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  readonly lines: {
    readonly total: number;
    readonly parsed: number;
    readonly comments: number;
    readonly malformed: number;
    /** empty, or only spaces and tabs; parsed, comments, malformed and blank add up to the total */
    readonly blank: number;
  };
  /** malformed lines by reason: not in the format, or too long for it */
  readonly malformedKinds: { readonly unparsable: number; readonly overlong: number };
  /** the first malformed lines, unescaped: escape them before showing them */
  readonly malformedSamples: readonly { readonly line: number; readonly text: string }[];
  /** what the first lines show of the columns; absent if they are those of the native format */
  readonly layout?: LayoutSummary;
  /** malformed lines that name a call, by call; absent if there are none */
  readonly unreadCalls?: readonly UnreadCalls[];
  /** 32 if no address of the log is above 2^32: pointers are cut by the hook, or the process is small */
  readonly pointerBits: 32 | 64;
  readonly anomalies: Anomalies;
  /** the hook collects the lines of each thread in a buffer, so their order is lost; absent if nothing shows it */
  readonly threadBuffers?: ThreadBuffersSummary;
  /** not glibc's malloc wrote the log, as the places of its blocks show; absent if nothing shows another allocator */
  readonly allocator?: AllocatorSummary;
}

/** An allocator other than glibc's. */
export interface AllocatorSummary {
  /** jemalloc, tcmalloc, mimalloc, musl or valgrind; or several, joined by " or ", that the log does not tell apart */
  readonly name: string;
  /** counts that show it */
  readonly evidence: Readonly<Record<string, number>>;
}

/** What a log of another format does not tell. */
export interface ForeignSummary {
  readonly lacks: readonly ("threads" | "times" | "callers")[];
  /**
   * whose addresses the pointers are; none: blocks are only numbered; renamed: the lines are calls of other functions, such as
   * je_malloc or xmalloc. The model needs glibc's
   */
  readonly addresses: "bionic" | "glibc" | "none" | "renamed" | "valgrind";
  /** what else the format leaves out */
  readonly remarks: readonly string[];
}

/** How the lines of a log differ from the native format. */
export interface LayoutSummary {
  /** what stands before the call, in order; "other" is not read. null: tid, time and caller, as in the native format */
  readonly columns: readonly LogColumn[] | null;
  /** what stands behind the result, in order */
  readonly after: readonly LogColumn[];
  /**
   * what shows that, of each of `columns` and then of `after`: a word before the values, their form, how they change from line
   * to line, the order of the native format, or --columns
   */
  readonly shownBy: readonly ("name" | "form" | "values" | "order" | "given")[];
  /** the columns are the groups of --pattern */
  readonly isPattern: boolean;
  /** what each line is wrapped in, outermost first */
  readonly wrappers: readonly string[];
  /** unit of times that are numbers without a clock's colons */
  readonly timeUnit: "s" | "ms" | "µs" | "ns";
  /** base of pointers without 0x */
  readonly pointerBase: 10 | 16;
  /** different pids in the first lines; 0: there is no such column */
  readonly processes: number;
  /** more stands behind the result of a call, which is not read */
  readonly hasTail: boolean;
  /**
   * ids: as logged; handles: pthread_self() and the like, and names: texts, both numbered 1, 2, … in order of appearance;
   * none: the log does not tell threads apart, and all calls of a process are of one thread, 0 or the pid
   */
  readonly threads: "ids" | "handles" | "names" | "none";
}

/** "pid.tid": both, with a point between them */
export type LogColumn = "pid" | "tid" | "pid.tid" | "time" | "caller" | "other";

/** Lines of a kind of call that could not be parsed. */
export interface UnreadCalls {
  /** memalign: also aligned_alloc, posix_memalign, valloc, pvalloc */
  readonly call: "malloc" | "calloc" | "realloc" | "memalign" | "free";
  readonly lines: number;
  /** calls of this kind that were read */
  readonly read: number;
  /** the first unread line, unescaped */
  readonly first: { readonly line: number; readonly text: string };
}

/** Lines of a thread stand in blocks, below lines of other threads that came later. */
export interface ThreadBuffersSummary {
  /** lines that stand too low: by their times, or, in a log without times, calls whose block is freed above them */
  readonly lines: number;
  /** seconds by which the latest of them is late; null if lines have no times */
  readonly latestBy: number | null;
}

/** Counts of events that cannot have happened as logged; never fatal. */
export interface Anomalies {
  /** frees of pointers that no logged call returned */
  readonly freeUnknown: number;
  /** frees of pointers already freed and not returned since */
  readonly doubleFree: number;
  /** pointers returned while still live in the log: the free is missing or logged later */
  readonly reusedLive: number;
  /** pointers cut to 32 bits that equal those of a live block of another thread; both blocks stay live */
  readonly collidingPointers: number;
  /** reallocs of pointers that no logged call returned */
  readonly foreignRealloc: number;
  /** allocations that returned a pointer although their size or alignment is beyond what a process can address */
  readonly impossibleSize: number;
  /**
   * lines with an earlier time than a line above, also those that were moved up to where their times say; a fall of more
   * than 12 h is midnight and not counted
   */
  readonly reordered: number;
  /** lines moved before a line of another thread above them, because pointers show that they ran first */
  readonly swapped: number;
  /** inputs that ended early: compressed data that is damaged or cut short, or a last line without a newline that does not parse */
  readonly truncatedInputs: number;
}
