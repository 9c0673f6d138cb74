/* blocks COUNT SIZE PERMILLE: keeps COUNT blocks of SIZE bytes, and writes this part of each, from its start. */
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t count = strtoul(argv[1], NULL, 10);
    size_t size = strtoul(argv[2], NULL, 10);
    size_t written = size * strtoul(argv[3], NULL, 10) / 1000;
    char **blocks = calloc(count, sizeof *blocks);
    if (blocks == NULL)
        return 1;
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        if (blocks[i] == NULL)
            return 1;
        memset(blocks[i], 1, written);
    }
    return 0;
}
