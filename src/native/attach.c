/* ------------------------------------------------------------------------------------ attached to a running process */

/*
 * This file follows hook.c in one library. gdb loads the library into a process that already runs (dlopen). There it is the
 * last of the loaded objects, so no call reaches it by its name: the addresses of malloc and its relatives are replaced in
 * the tables of each loaded object (GOT). Objects that are loaded later, and addresses that the program has copied, go on
 * calling the C library: these blocks are not in the log.
 *
 * Its settings, which the environment of the process lacks, are in a file beside the library, one NAME=VALUE a line. Where
 * there is no such file, this code does nothing.
 */

#ifdef __x86_64__
enum { JUMP_SLOT = R_X86_64_JUMP_SLOT, GLOBAL_DATA = R_X86_64_GLOB_DAT, ABSOLUTE = R_X86_64_64 };
#else
enum { JUMP_SLOT = R_AARCH64_JUMP_SLOT, GLOBAL_DATA = R_AARCH64_GLOB_DAT, ABSOLUTE = R_AARCH64_ABS64 };
#endif

/* The hook's own functions: their public names are those of the C library here. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif
#define OWN(name) extern __typeof__(name) own_##name __attribute__((alias(#name), visibility("hidden")))
OWN(malloc);
OWN(calloc);
OWN(realloc);
OWN(reallocarray);
OWN(free);
OWN(cfree);
OWN(memalign);
OWN(aligned_alloc);
OWN(posix_memalign);
OWN(valloc);
OWN(pvalloc);
OWN(malloc_trim);
OWN(mallopt);
OWN(pthread_setname_np);
OWN(prctl);
OWN(_exit);
OWN(_Exit);

#define CALL(name) {#name, (void *)own_##name, NULL}
static struct {
  const char *name;
  void *own;
  /* what other objects call by this name */
  void *real;
} calls[] = {CALL(malloc), CALL(calloc), CALL(realloc), CALL(reallocarray), CALL(free), CALL(cfree), CALL(memalign), CALL(aligned_alloc),
             CALL(posix_memalign), CALL(valloc), CALL(pvalloc), CALL(malloc_trim), CALL(mallopt), CALL(pthread_setname_np),
             CALL(prctl), CALL(_exit), CALL(_Exit)};

/* The calls go back to where they went before. */
static int is_detaching;

static void redirect_relocations(const struct link_map *map, const ElfW(Rela) *relocation, word bytes, const ElfW(Sym) *symbols, const char *strings) {
  for (const ElfW(Rela) *end = relocation + bytes / sizeof *relocation; relocation < end; relocation++) {
    unsigned type = (unsigned)ELF64_R_TYPE(relocation->r_info);
    if (type != JUMP_SLOT && type != GLOBAL_DATA && (type != ABSOLUTE || relocation->r_addend != 0)) continue;
    const char *name = strings + symbols[ELF64_R_SYM(relocation->r_info)].st_name;
    void **slot = (void **)(map->l_addr + relocation->r_offset);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
      void *from = is_detaching ? calls[i].own : calls[i].real;
      void *to = is_detaching ? calls[i].real : calls[i].own;
      if (calls[i].real == NULL || !equal(name, calls[i].name)) continue;
      /* A call that was not made yet has a stub of the object itself in its slot. */
      if (*slot == from || (type == JUMP_SLOT && !is_detaching)) __atomic_store_n(slot, to, __ATOMIC_RELEASE);
    }
  }
}

/* Redirects the calls of one loaded object. Its tables may be protected once they are relocated (RELRO). */
static int redirect_object(struct dl_phdr_info *object, size_t bytes, void *unused) {
  struct link_map map = {.l_addr = object->dlpi_addr};
  word from = 0;
  word to = 0;
  (void)bytes;
  (void)unused;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    word at = object->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_DYNAMIC) map.l_ld = (ElfW(Dyn) *)at;
    if (header->p_type == PT_GNU_RELRO) {
      from = at & ~(page_bytes - 1);
      to = (at + header->p_memsz) & ~(page_bytes - 1);
    }
  }
  if (map.l_ld == NULL || map.l_ld == _DYNAMIC) return 0;
  const ElfW(Sym) *symbols = NULL;
  const char *strings = NULL;
  const ElfW(Rela) *plt = NULL;
  const ElfW(Rela) *others = NULL;
  word plt_bytes = 0;
  word other_bytes = 0;
  for (const ElfW(Dyn) *entry = map.l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) symbols = dynamic_pointer(&map, entry);
    if (entry->d_tag == DT_STRTAB) strings = dynamic_pointer(&map, entry);
    if (entry->d_tag == DT_JMPREL) plt = dynamic_pointer(&map, entry);
    if (entry->d_tag == DT_PLTRELSZ) plt_bytes = entry->d_un.d_val;
    if (entry->d_tag == DT_RELA) others = dynamic_pointer(&map, entry);
    if (entry->d_tag == DT_RELASZ) other_bytes = entry->d_un.d_val;
  }
  if (symbols == NULL || strings == NULL) return 0;
  if (to > from && failed(SYS(mprotect, from, to - from, PROT_READ | PROT_WRITE))) return 0;
  if (plt != NULL) redirect_relocations(&map, plt, plt_bytes, symbols, strings);
  if (others != NULL) redirect_relocations(&map, others, other_bytes, symbols, strings);
  if (to > from) SYS(mprotect, from, to - from, PROT_READ);
  return 0;
}

/* The lock of ld.so that this takes is never taken by a thread that holds the hook's. */
static void redirect(void) {
  int (*each_object)(int (*)(struct dl_phdr_info *, size_t, void *), void *) =
      (int (*)(int (*)(struct dl_phdr_info *, size_t, void *), void *))next_symbol("dl_iterate_phdr", NULL);
  if (each_object != NULL) each_object(redirect_object, NULL);
}

/* Adds the settings in the file beside the library to those of the environment. Returns 0 if there is no such file. */
static int add_settings(void) {
  const struct link_map *own = own_map();
  if (own == NULL || environment == NULL || length(own->l_name) > PATH_BYTES) return 0;
  *text(text(header, own->l_name), ".settings") = 0;
  char *settings = environment + environment_bytes;
  size_t bytes = read_file(header, settings, 2 * PATH_BYTES);
  for (size_t i = 0; i < bytes; i++)
    if (settings[i] == '\n') settings[i] = 0;
  environment_bytes += bytes;
  return bytes > 0;
}

/* Runs behind the constructor above, which has found nothing to do. */
__attribute__((constructor)) static void attach(void) {
  if (process != &before_start || process->state != OFF || real.malloc == NULL || !add_settings()) return;
  read_config();
  if (config.out[0] == 0) return;
  config.is_exact = 1;
  /* The heap does not begin where it ends now. */
  initial_break = heap_start;
  make_process();
  if (process->state == OFF) return;
  process->pid = (int)SYS(getpid);
  begin_recording();
  if (process->state != RECORDING) return;
  comment(header, text(header, "# attached"));
  construct();
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) calls[i].real = next_symbol(calls[i].name, NULL);
  redirect();
}

/* Called by gdb, where this thread is not inside the hook. */
EXPORT void mallog_stop(void) {
  finish();
  if (process->state == RECORDING) return;
  is_detaching = 1;
  redirect();
}
