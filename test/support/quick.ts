import fc from "fast-check";

/** Limits each property (fast-check) to this many ms in `npm run test:quick`; `npm test` makes all its runs. */
const LIMIT_MS = 1000;

if (process.env.MALLOG_QUICK !== undefined) {
  fc.configureGlobal({ interruptAfterTimeLimit: LIMIT_MS });
}
