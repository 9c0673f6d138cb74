/** What a line has around its call, for the module that reads lines of common calls (core/line-steps.ts). */
export interface LineForm {
  /** what stands before the call, as `Step`s and their texts; null: the columns of the native form */
  readonly head: readonly number[] | null;
  /** what may stand behind the result, after blanks */
  readonly tail: readonly number[];
  readonly hasPid: boolean;
}

export const NATIVE_FORM: LineForm = { head: null, tail: [], hasPid: false };

/** What the module does with the next bytes of a line. A text's length and bytes follow its step. */
export const Step = {
  end: 0,
  text: 1,
  /** decimal digits that are not used, as all that are not named otherwise */
  digits: 2,
  hexDigits: 3,
  /** with 0x */
  hex: 4,
  pid: 5,
  tid: 6,
  /** the process of a log without threads */
  process: 7,
  callerDigits: 8,
  callerHexDigits: 9,
  callerHex: 10,
  fraction: 11,
  clock: 12,
  timeFraction: 13,
  timeClock: 14,
  timeSeconds: 15,
  timeMs: 16,
  timeUs: 17,
  timeNs: 18,
} as const;

export type Step = (typeof Step)[keyof typeof Step];
