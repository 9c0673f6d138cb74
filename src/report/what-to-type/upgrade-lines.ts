import type { TypedLine } from "./typed-line.ts";

/** Images of distributions by their glibc; one of each. */
const IMAGES: Readonly<Record<string, string>> = {
  "2.31": "debian:11",
  "2.36": "debian:12",
  "2.39": "ubuntu:24.04",
  "2.41": "debian:13",
};

/** Another glibc comes with another distribution, or an image of one; none if no image of it is known. */
export function upgradeLines(glibc: string): TypedLine[] {
  const image = IMAGES[glibc];
  return image === undefined
    ? []
    : [{ target: "docker", text: `FROM ${image}`, note: `or a distribution with glibc ${glibc}` }];
}
