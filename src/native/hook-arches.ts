/** Machines that the hook and the replayer run on, as `uname -m` names them. */
export const HOOK_ARCHES = ["x86_64", "aarch64"] as const;
export type HookArch = (typeof HOOK_ARCHES)[number];
