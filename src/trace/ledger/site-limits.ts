/** How many sites there may be while each kind is still added: they bound the memory. */
export interface SiteLimits {
  /** of a thread, caller and size, if the thread has allocated only a few times */
  readonly ofFewCalls: number;
  /** of a thread, caller and size */
  readonly exact: number;
  /** of any thread */
  readonly anyThread: number;
  /** of any thread and size */
  readonly anySize: number;
}

export const LIMITS: SiteLimits = {
  ofFewCalls: 2 ** 10,
  exact: 2 ** 15,
  anyThread: 2 ** 16,
  anySize: 3 * 2 ** 15,
};
/** Up to here a thread has allocated only a few times: a hundred thousand such threads must not fill the table. */
export const FEW_CALLS = 64;
