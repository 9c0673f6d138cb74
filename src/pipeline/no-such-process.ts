/** The log has none of the processes that were asked for. */
export class NoSuchProcess extends Error {
  readonly asked: string;
  /** the processes in the log */
  readonly names: readonly string[];

  constructor(asked: string, names: readonly string[]) {
    super(`the log has no process ${asked}`);
    this.asked = asked;
    this.names = names;
  }
}
