#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace webnn {

/// Where Python installations may be; `FromEnvironment` reads it from this process.
struct PythonLocations {
  /// Folders of packages that come first: those of the interpreter that this process is.
  std::vector<std::filesystem::path> own = {};
  std::string virtual_env;     ///< $VIRTUAL_ENV
  std::string conda_prefix;    ///< $CONDA_PREFIX
  std::string search_path;     ///< $PATH
  std::string pyenv_root;      ///< $PYENV_ROOT
  std::string pyenv_version;   ///< $PYENV_VERSION
  std::filesystem::path home;  ///< $HOME
  std::vector<std::filesystem::path> system_prefixes = {"/usr/local", "/usr"};

  static PythonLocations FromEnvironment();
};

/// What `FromEnvironment` has as `own` from now on, in this process alone.
void SetOwnPythonFolders(std::vector<std::filesystem::path> folders);

/// Existing folders that hold Python packages (site-packages, dist-packages), those that the
/// caller's `python3` would use first, each once. Python itself is not run: starting it costs more
/// than opening a back end.
std::vector<std::filesystem::path> PythonPackageFolders(
    const PythonLocations& locations = PythonLocations::FromEnvironment());

}  // namespace webnn
