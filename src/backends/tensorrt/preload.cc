#include "backends/tensorrt/preload.h"

#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"

#ifdef __linux__
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#endif

namespace webnn::trt {

#ifdef __linux__
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Entry = ElfW(Dyn);
using Symbol = ElfW(Sym);

constexpr size_t kPage = 4096;

// The smallest library that needs another one: the loader remembers a library by the name under
// which another one needs it, which no call of dlopen() with a path can bring about.
struct Needing {
  Header header;
  Segment segments[3];
  Entry entries[8];
  Symbol no_symbol;
  uint32_t hash[4];  // one bucket and one chain, both empty
  char text[kPage];
};

std::string MakeNeeding(const std::string& folder, const std::string& name) {
  auto file = Needing{};
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_ident[EI_VERSION] = EV_CURRENT;
  file.header.e_type = ET_DYN;
#if defined(__x86_64__)
  file.header.e_machine = EM_X86_64;
#elif defined(__aarch64__)
  file.header.e_machine = EM_AARCH64;
#endif
  file.header.e_version = EV_CURRENT;
  file.header.e_phoff = offsetof(Needing, segments);
  file.header.e_ehsize = sizeof(Header);
  file.header.e_phentsize = sizeof(Segment);
  file.header.e_phnum = 3;
  file.header.e_shentsize = sizeof(ElfW(Shdr));

  Segment& load = file.segments[0];
  load.p_type = PT_LOAD;
  load.p_flags = PF_R | PF_W;  // the loader adds addresses to the entries
  load.p_filesz = load.p_memsz = sizeof(Needing);
  load.p_align = size_t{16} * kPage;
  Segment& dynamic = file.segments[1];
  dynamic.p_type = PT_DYNAMIC;
  dynamic.p_flags = PF_R | PF_W;
  dynamic.p_offset = dynamic.p_vaddr = offsetof(Needing, entries);
  dynamic.p_filesz = dynamic.p_memsz = sizeof(file.entries);
  dynamic.p_align = alignof(Entry);
  Segment& stack = file.segments[2];  // without it the process's stacks would become executable
  stack.p_type = PT_GNU_STACK;
  stack.p_flags = PF_R | PF_W;

  const size_t name_at = 1;
  const size_t folder_at = name_at + name.size() + 1;
  std::memcpy(file.text + name_at, name.c_str(), name.size() + 1);
  std::memcpy(file.text + folder_at, folder.c_str(), folder.size() + 1);
  file.hash[0] = 1;
  file.hash[1] = 1;
  auto entry = [&, next = 0](int64_t tag, size_t value) mutable {
    file.entries[next].d_tag = static_cast<decltype(Entry::d_tag)>(tag);
    file.entries[next++].d_un.d_val = value;
  };
  entry(DT_NEEDED, name_at);
  entry(DT_RUNPATH, folder_at);
  entry(DT_HASH, offsetof(Needing, hash));
  entry(DT_STRTAB, offsetof(Needing, text));
  entry(DT_SYMTAB, offsetof(Needing, no_symbol));
  entry(DT_STRSZ, folder_at + folder.size() + 1);
  entry(DT_SYMENT, sizeof(Symbol));
  entry(DT_NULL, 0);
  return {reinterpret_cast<const char*>(&file), sizeof file};
}

}  // namespace

Result<void> LoadForBareName(const std::string& folder, const std::string& name) {
  if (folder.size() + name.size() + 4 > kPage || folder.find_first_of(":$") != folder.npos) {
    return NotSupported("the folder's name '{}' cannot be a search path", folder);
  }
  const std::string bytes = MakeNeeding(folder, name);
  const int file = memfd_create("webnn-needs", MFD_CLOEXEC);
  if (file < 0) return NotSupported("there is no memory for a file");
  const bool written =
      write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  // The loader takes a path that it has seen for the library that it knows.
  static std::atomic<size_t> calls = 0;
  std::string path = "/proc/self";
  for (size_t i = calls++; i > 0; --i) path += "/.";
  Result<DynamicLibrary> library =
      written ? DynamicLibrary::Open(fmt::format("{}/fd/{}", path, file))
              : Result<DynamicLibrary>(NotSupported("there is no memory for a file"));
  close(file);
  if (!library) return std::move(library.error());
  library->Keep();
  return {};
}

#else

Result<void> LoadForBareName(const std::string& folder, const std::string& name) {
  return NotSupported("{} in {} cannot be loaded by its name on this system", name, folder);
}

#endif

}  // namespace webnn::trt
