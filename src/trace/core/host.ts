/** The memory has grown: the facade's views of it are stale. */
export declare function grew(): void;
