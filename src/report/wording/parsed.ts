/** The result of parsing a text: the value, or one line that says why there is none. */
export type Parsed<T> = { readonly ok: T } | { readonly error: string };
