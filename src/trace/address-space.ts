/** x86_64 Linux puts programs and their break below this address; libraries, heaps and mappings lie above. */
export const MAPPED_FROM = 0x7000_0000_0000;
