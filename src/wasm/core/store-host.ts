/** What the instance's owner in TypeScript does for the store (../state-instance.ts). */

/** The memory has grown: views of it are stale. */
export declare function grew(): void;

/** No memory is left, of the system's or of 4 GiB. Throws a RangeError: does not return. */
export declare function outOfMemory(): void;
