#include "core/python_packages.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

namespace webnn {
namespace {

namespace fs = std::filesystem;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

struct OwnFolders {
  std::mutex mutex;
  std::vector<fs::path> folders;

  static OwnFolders& Get() {
    static auto* const kOwn = new OwnFolders;  // for as long as there are threads
    return *kOwn;
  }
};

// The numbers of "python3.11", "3.12.1" or "pypy3.10-7.3.15", to sort by.
std::vector<uint64_t> VersionOf(const std::string& name) {
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < name.size();) {
    if (name[i] < '0' || name[i] > '9') {
      ++i;
      continue;
    }
    uint64_t number = 0;
    for (; i < name.size() && name[i] >= '0' && name[i] <= '9'; ++i) {
      number = number * 10 + static_cast<uint64_t>(name[i] - '0');
    }
    numbers.push_back(number);
  }
  return numbers;
}

// Folders in `folder` whose name starts so, the highest version first.
std::vector<fs::path> NewestFirst(const fs::path& folder, std::string_view start) {
  std::vector<std::pair<std::vector<uint64_t>, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.starts_with(start) && entry->is_directory(ignored)) {
      found.emplace_back(VersionOf(name), entry->path());
    }
  }
  std::sort(found.begin(), found.end(), std::greater<>());
  std::vector<fs::path> paths;
  for (auto& [version, path] : found) paths.push_back(std::move(path));
  return paths;
}

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

class Search {
 public:
  explicit Search(const PythonLocations& locations) : locations_(locations) {}

  std::vector<fs::path> Run() && {
    for (const fs::path& folder : locations_.own) AddFolder(folder);
    if (!locations_.virtual_env.empty()) AddPrefix(locations_.virtual_env);
    if (!locations_.conda_prefix.empty()) AddPrefix(locations_.conda_prefix);
    for (const char* program : {"python3", "python"}) AddProgram(program);
    if (!locations_.home.empty()) {
      AddPrefix(locations_.home / ".local");
      // Where macOS has what `pip install --user` installs.
      for (const fs::path& version : NewestFirst(locations_.home / "Library" / "Python", "3")) {
        AddPackages(version / "lib" / "python");
      }
    }
    for (const fs::path& prefix : locations_.system_prefixes) AddPrefix(prefix);
    return std::move(folders_);
  }

 private:
  void AddPackages(const fs::path& library) {
    for (const char* name : {"site-packages", "dist-packages"}) AddFolder(library / name);
  }

  void AddFolder(fs::path folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) return;
    // The same folder shows up under several names, as lib64 -> lib or a venv on PATH.
    fs::path identity = fs::canonical(folder, error);
    if (error || std::find(seen_.begin(), seen_.end(), identity) != seen_.end()) return;
    seen_.push_back(std::move(identity));
    folders_.push_back(std::move(folder));
  }

  void AddPrefix(const fs::path& prefix) {
    for (const char* name : {"lib", "lib64"}) {
      const std::vector<fs::path> versions = NewestFirst(prefix / name, "python3");
      for (const fs::path& version : versions) AddPackages(version);
    }
  }

  // The first program of the name on PATH. A virtual environment's python is a link to another
  // installation's, but its packages are beside the link: the prefix before links are resolved
  // comes first.
  void AddProgram(const char* name) {
    for (const std::string& folder : Split(locations_.search_path, ':')) {
      const fs::path program = fs::path(folder) / name;
      if (!IsFile(program)) continue;
      const fs::path bin = program.parent_path().lexically_normal();
      if (bin.filename() == "shims") {
        AddPyenv(bin.parent_path());
      } else {
        AddPrefix(bin.parent_path());
        std::error_code error;
        const fs::path resolved = fs::canonical(program, error);
        if (!error) AddPrefix(resolved.parent_path().parent_path());
      }
      return;
    }
  }

  // A shim is a script that chooses among the installed versions: first what is chosen now, then
  // all others.
  void AddPyenv(const fs::path& shims_root) {
    std::vector<fs::path> roots;
    if (!locations_.pyenv_root.empty()) roots.emplace_back(locations_.pyenv_root);
    roots.push_back(shims_root);
    if (!locations_.home.empty()) roots.push_back(locations_.home / ".pyenv");
    for (const fs::path& root : roots) {
      for (const std::string& version : Split(locations_.pyenv_version, ':')) {
        AddPrefix(root / "versions" / version);
      }
      std::ifstream global(root / "version");
      for (std::string version; std::getline(global, version);) {
        if (!version.empty()) AddPrefix(root / "versions" / version);
      }
      const std::vector<fs::path> versions = NewestFirst(root / "versions", "");
      for (const fs::path& version : versions) AddPrefix(version);
    }
  }

  const PythonLocations& locations_;
  std::vector<fs::path> folders_;
  std::vector<fs::path> seen_;
};

}  // namespace

void SetOwnPythonFolders(std::vector<fs::path> folders) {
  OwnFolders& own = OwnFolders::Get();
  const std::lock_guard lock(own.mutex);
  own.folders = std::move(folders);
}

PythonLocations PythonLocations::FromEnvironment() {
  PythonLocations locations;
  {
    OwnFolders& own = OwnFolders::Get();
    const std::lock_guard lock(own.mutex);
    locations.own = own.folders;
  }
  locations.virtual_env = Variable("VIRTUAL_ENV");
  locations.conda_prefix = Variable("CONDA_PREFIX");
  locations.search_path = Variable("PATH");
  locations.pyenv_root = Variable("PYENV_ROOT");
  locations.pyenv_version = Variable("PYENV_VERSION");
  locations.home = Variable("HOME");
  return locations;
}

std::vector<std::filesystem::path> PythonPackageFolders(const PythonLocations& locations) {
  return Search(locations).Run();
}

}  // namespace webnn
