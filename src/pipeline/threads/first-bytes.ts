/** The beginning of a stream of bytes, read to see how much there is. */
export interface FirstBytes {
  readonly head: Buffer;
  /** the stream ends with `head`, perhaps by an error */
  readonly isAll: boolean;
  /** the head, then the rest or the error that ended it */
  readonly whole: AsyncIterable<Buffer>;
}

/** Reads `atMost` bytes or slightly more, or up to the end. The rest stays unread. `onBytes` gets the count so far. */
export async function firstBytes(
  bytes: AsyncGenerator<Buffer>,
  atMost: number,
  onBytes: (bytes: number) => void = () => {},
): Promise<FirstBytes> {
  const chunks: Buffer[] = [];
  let length = 0;
  let isAll = false;
  let failure: unknown;
  try {
    while (length < atMost && !isAll) {
      const { done, value } = await bytes.next();
      isAll = done === true;
      if (value === undefined) {
        continue;
      }
      // A chunk is valid only until the next one is requested.
      chunks.push(Buffer.from(value));
      length += value.length;
      onBytes(length);
    }
  } catch (error) {
    isAll = true;
    failure = error;
  }
  const head = Buffer.concat(chunks);
  async function* whole(): AsyncGenerator<Buffer> {
    if (head.length > 0) {
      yield head;
    }
    if (failure !== undefined) {
      throw failure;
    }
    yield* bytes;
  }
  return { head, isAll, whole: whole() };
}
