/** A command or a setting that one types. */
export interface TypedLine {
  readonly target: Target;
  readonly text: string;
  /** where to type it, how often, or what it needs; null: nothing of that */
  readonly note: string | null;
}

export type Target = "shell" | "docker" | "kubernetes" | "systemd" | "jvm" | "code";

export const IN_ORDER: readonly Target[] = [
  "shell",
  "docker",
  "kubernetes",
  "systemd",
  "jvm",
  "code",
];

/** Each target's name for people. */
export const TARGETS: Readonly<Record<Target, string>> = {
  shell: "shell",
  docker: "Docker",
  kubernetes: "Kubernetes",
  systemd: "systemd",
  jvm: "JVM",
  code: "code",
};
