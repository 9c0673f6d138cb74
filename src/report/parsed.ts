/** A value read from what a user typed, or one line that says what is wrong with the text. */
export type Parsed<T> = { readonly ok: T } | { readonly error: string };
