import fc from "fast-check";

/** Valid lines of the native format in all variants, and almost valid ones. Latin-1 strings: a character is a byte. */

const maybe = (text: string) => fc.constantFrom(text, "");
const blanks = fc.constantFrom("", " ", "\t", "  ", " \t ");
const blank = fc.constantFrom(" ", " ", "\t", " \t");

const hex = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0x7f0000000000n, max: 0x7fffffffffffn }),
  fc.bigInt({ min: 0n, max: 0xffffffffn }),
);
const hexText = fc
  .tuple(hex, fc.boolean(), fc.nat(16))
  .map(([value, isUpper, width]) =>
    (isUpper ? value.toString(16).toUpperCase() : value.toString(16)).padStart(width, "0"),
  );
const pointer = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom("0x", "0x", "0X"), hexText).map((t) => t.join("")),
  },
  { weight: 1, arbitrary: hexText },
  { weight: 2, arbitrary: fc.constantFrom("nil", "(nil)", "NULL", "0", "0x0", "0x00000000") },
);
const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(5000).map(String) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String) },
  { weight: 1, arbitrary: hexText.map((digits) => `0x${digits}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("-1", "007", "9007199254740993", "18446744073709551615"),
  },
);
const integer = fc.oneof(size, fc.integer().map(String));

const two = (max: number) => fc.nat(max).map((value) => String(value).padStart(2, "0"));
const fraction = fc.oneof(fc.constant(""), fc.stringMatching(/^\.[0-9]{0,12}$/));
const time = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(two(30), fc.constant(":"), two(60), fc.constant(":"), two(61), fraction)
      .map((t) => t.join("")),
  },
  { weight: 2, arbitrary: fc.stringMatching(/^[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}$/) },
  { weight: 1, arbitrary: fc.tuple(fc.nat().map(String), fraction).map((t) => t.join("")) },
);

const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((t) => t.join(""));
const text = (value: string) => fc.constant(value);
const comma = joined(blanks, text(","), blanks);
const more = fc.constantFrom("", ", std::nothrow", " ,", ", 16 , x(");
const equals = joined(blanks, fc.constantFrom("=", "=", "=", "->", "- >", "-"), blanks);
const result = joined(equals, pointer);
const status = fc.oneof(text(""), joined(equals, integer));
const end = fc.oneof(
  { weight: 3, arbitrary: text("") },
  joined(equals, fc.oneof(fc.constantFrom("<void>", "void", "<voi>"), pointer)),
);
const call = (names: string[], inside: fc.Arbitrary<string>, after: fc.Arbitrary<string>) =>
  joined(fc.constantFrom(...names), blanks, text("("), blanks, inside, blanks, text(")"), after);

const anyCall = fc.oneof(
  call(["malloc", "valloc", "pvalloc"], size, result),
  call(["calloc"], joined(size, comma, size), result),
  call(["realloc"], joined(pointer, comma, size), result),
  call(["reallocarray"], joined(pointer, comma, size, comma, size), result),
  call(["memalign", "aligned_alloc", "posix_memalign"], joined(size, comma, size), result),
  call(["posix_memalign"], joined(pointer, comma, size, comma, size), result),
  call(["free", "cfree"], pointer, end),
  call(["malloc_trim"], size, status),
  call(["mallopt"], joined(integer, comma, integer), status),
  call(["thread_exit"], text(""), text("")),
  call(["mark"], fc.stringMatching(/^[\x20-\x7e]{0,12}$/), text("")),
  call(
    ["operator new", "operator new[]", "operator \tnew []", "operatornew"],
    joined(size, more),
    result,
  ),
  call(["operator delete", "operator delete[]", "operator delete[ ]"], joined(pointer, more), end),
  call(["_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t"], joined(size, more), result),
  call(["_ZnwmSt11align_val_t", "_ZnamSt11align_val_t"], joined(size, comma, size, more), result),
  call(
    ["_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm", "_ZdaPvSt11align_val_t"],
    joined(pointer, more),
    end,
  ),
);

const tid = fc.oneof(
  { weight: 5, arbitrary: fc.nat(40000).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("0", "2147483647", "2147483648", "0000000001", "00000000001"),
  },
);
const caller = fc.oneof(text(""), joined(text("["), blanks, pointer, blanks, text("]"), blanks));
const freeLine = joined(
  blanks,
  tid,
  blank,
  fc.oneof(text(""), joined(time, fc.oneof(blank, blanks))),
  caller,
  anyCall,
  blanks,
);

/** Calls of the common form. */
const commonCall = (bytes: fc.Arbitrary<string>, address: fc.Arbitrary<string>) =>
  fc.oneof(
    joined(text("malloc("), bytes, text(")"), fc.constantFrom(" = ", "\t= "), address),
    joined(text("calloc("), bytes, text(", "), bytes, text(") = "), address),
    joined(text("realloc("), address, text(", "), bytes, text(") = "), address),
    joined(text("free("), address, text(")")),
  );

/** Lines that the scanner's fast path takes, or barely does not. */
const common = joined(
  tid,
  blank,
  joined(
    two(30),
    text(":"),
    two(60),
    text(":"),
    two(61),
    text("."),
    fc.stringMatching(/^[0-9]{5,7}$/),
  ),
  blank,
  joined(text("["), pointer, text("] ")),
  commonCall(size, pointer),
);

const valid = fc.oneof(freeLine, common);

const mutate = (from: fc.Arbitrary<string>) =>
  fc.tuple(from, fc.nat(), fc.nat(3), fc.nat(255)).map(([line, place, kind, byte]) => {
    const at = place % (line.length + 1);
    const put = byte === 0x0a ? "" : String.fromCharCode(byte);
    // 0 cut off, 1 replace, 2 insert, 3 remove
    const [keep, removed] = [kind === 2 ? put : kind === 1 ? put : "", kind === 2 ? 0 : 1];
    return kind === 0 ? line.slice(0, at) : line.slice(0, at) + keep + line.slice(at + removed);
  });

const mutated = mutate(valid);

const address = fc
  .tuple(hex, fc.nat(16))
  .map(([value, width]) => `0x${value.toString(16).padStart(width, "0")}`);
const bytes = fc.oneof(fc.nat(5000), fc.nat(2 ** 31)).map(String);
const oneSpace = joined(
  tid,
  text(" "),
  joined(two(99), text(":"), two(59), text(":"), two(60), text(".")),
  fc.stringMatching(/^[0-9]{6}$/),
  joined(text(" ["), address, text("] ")),
  commonCall(bytes, address),
  fc.constantFrom("", "", "\r"),
);

/** Lines of the form that WebAssembly reads, and such with one byte more, less or other. */
export const commonLine: fc.Arbitrary<string> = fc.oneof(oneSpace, mutate(oneSpace), common);

const latin1 = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));

const line = fc.oneof(
  { weight: 6, arbitrary: valid },
  { weight: 3, arbitrary: mutated },
  { weight: 1, arbitrary: latin1(40) },
  { weight: 1, arbitrary: blanks },
  { weight: 1, arbitrary: joined(blanks, text("#"), blanks, latin1(20)) },
  { weight: 1, arbitrary: joined(mutated, text(" "), maybe("\0"), mutated) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom("x", " ", "#", "1", "\u00e9"),
        fc.integer({ min: 950, max: 4000 }),
        valid,
      )
      .map(([filler, length, tail]) => filler.repeat(length) + tail),
  },
);

const ending = fc.constantFrom("\n", "\n", "\n", "\r\n", "\r\r\n");

/** A whole log, cut into chunks at random. */
export const logInChunks: fc.Arbitrary<Buffer[]> = fc
  .tuple(
    fc.array(joined(line, ending), { maxLength: 30, size: "max" }),
    fc.oneof(text(""), line),
    fc.array(fc.oneof(fc.nat(20), fc.nat(2000)), { maxLength: 20 }),
  )
  .map(([lines, last, lengths]) => {
    let rest = Buffer.from(lines.join("") + last, "latin1");
    const chunks: Buffer[] = [];
    for (const length of lengths) {
      chunks.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return [...chunks, rest];
  });
