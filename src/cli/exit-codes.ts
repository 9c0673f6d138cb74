export const Exit = {
  done: 0,
  /** a budget is not kept */
  exceeded: 1,
  usage: 2,
  /** the input is unusable, the memory is not enough, or the report cannot be written */
  unusable: 3,
  /** a budget limits a figure of the model, and the log does not support it */
  unjudged: 4,
  /** EX_SOFTWARE: a bug in mallog */
  internal: 70,
  /** mallog record: the command cannot be executed, or there is none; as shells have it */
  commandRefused: 126,
  commandMissing: 127,
  /** 128 + SIGINT */
  interrupted: 130,
  /** 128 + SIGTERM */
  terminated: 143,
} as const;
