const TOO_MANY = "too many files are open (ulimit -n)";

const WHEN_WRITING: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "is a directory",
  ENAMETOOLONG: "its name is too long",
  EFBIG: "it exceeds the size that this process may write (ulimit -f)",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  EMFILE: TOO_MANY,
  ENFILE: TOO_MANY,
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
};

const WHEN_READING: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  ENAMETOOLONG: "its name is too long",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EMFILE: TOO_MANY,
  ENFILE: TOO_MANY,
};

/** Node.js reports it in a message without a code where it starts a thread. */
export function isTooManyFiles(error: unknown): boolean {
  return error instanceof Error && /\bE[MN]FILE\b/.test(error.message);
}

/** Why a file cannot be written; the system's own message where there is no better one. */
export function writeErrorReason(error: unknown): string {
  return reasonOf(error, WHEN_WRITING);
}

/** Why a file cannot be read. */
export function readErrorReason(error: unknown): string {
  return reasonOf(error, WHEN_READING);
}

function reasonOf(error: unknown, reasons: Readonly<Record<string, string>>): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return reasons[code] ?? error.message;
}
