/**
 * The comment of a log that may have the program's own calls only: those of libraries, and of glibc itself, may be
 * missing, as in the logs of tools other than a hook.
 */
export const PROGRAM_CALLS = "calls program";
