/** Machines that the hook runs on, as `uname -m` names them. */
export const HOOK_ARCHES = ["x86_64", "aarch64"] as const;
export type HookArch = (typeof HOOK_ARCHES)[number];

/** The built hook's file in dist/native. */
export function hookFile(arch: HookArch): string {
  return `hook-${arch}.so`;
}
