#include "core/python_packages.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

// A folder of its own in which Python installations are faked.
class PythonPackagesTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            ("webnn_python_" + std::to_string(getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
    root_ = fs::canonical(root_);
    locations_.system_prefixes = {};
  }
  void TearDown() override { fs::remove_all(root_); }

  void MakeFolder(std::string_view path) { fs::create_directories(root_ / path); }
  void MakeFile(std::string_view path, std::string_view text = "") {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  // What is found, relative to the test's folder.
  std::vector<std::string> Find() {
    std::vector<std::string> found;
    for (const fs::path& folder : PythonPackageFolders(locations_)) {
      found.push_back(folder.lexically_relative(root_).string());
    }
    return found;
  }

  fs::path root_;
  PythonLocations locations_;
};

TEST_F(PythonPackagesTest, FindsNothingWhereThereIsNothing) {
  locations_.virtual_env = (root_ / "missing").string();
  locations_.search_path = (root_ / "bin").string() + "::" + (root_ / "other").string();
  locations_.home = root_;
  locations_.system_prefixes = {root_ / "usr"};
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(PythonPackagesTest, TakesTheActiveEnvironmentsFirst) {
  MakeFolder("venv/lib/python3.11/site-packages");
  MakeFolder("conda/lib/python3.12/site-packages");
  MakeFile("path/bin/python3");
  MakeFolder("path/lib/python3.10/site-packages");
  MakeFolder("home/.local/lib/python3.11/site-packages");
  MakeFolder("usr/lib/python3/dist-packages");
  locations_.virtual_env = (root_ / "venv").string();
  locations_.conda_prefix = (root_ / "conda").string();
  locations_.search_path = (root_ / "nothing").string() + ":" + (root_ / "path/bin").string();
  locations_.home = root_ / "home";
  locations_.system_prefixes = {root_ / "usr"};
  EXPECT_THAT(
      Find(),
      ElementsAre("venv/lib/python3.11/site-packages", "conda/lib/python3.12/site-packages",
                  "path/lib/python3.10/site-packages", "home/.local/lib/python3.11/site-packages",
                  "usr/lib/python3/dist-packages"));
}

TEST_F(PythonPackagesTest, TakesTheInterpretersOwnFoldersBeforeAllOthers) {
  MakeFolder("venv/lib/python3.11/site-packages");
  MakeFolder("anywhere");
  locations_.virtual_env = (root_ / "venv").string();
  locations_.own = {root_ / "anywhere", root_ / "missing",
                    root_ / "venv/lib/python3.11/site-packages"};
  EXPECT_THAT(Find(), ElementsAre("anywhere", "venv/lib/python3.11/site-packages"));
}

TEST_F(PythonPackagesTest, KeepsTheInterpretersFoldersForTheProcess) {
  SetOwnPythonFolders({root_});
  EXPECT_THAT(PythonLocations::FromEnvironment().own, ElementsAre(root_));
  SetOwnPythonFolders({});
  EXPECT_THAT(PythonLocations::FromEnvironment().own, IsEmpty());
}

TEST_F(PythonPackagesTest, TakesTheNewestPythonOfAPrefixFirst) {
  MakeFolder("usr/lib/python3.9/site-packages");
  MakeFolder("usr/lib/python3.12/site-packages");
  MakeFolder("usr/lib/python3.11/dist-packages");
  MakeFolder("usr/lib/python2.7/site-packages");
  locations_.system_prefixes = {root_ / "usr"};
  EXPECT_THAT(Find(),
              ElementsAre("usr/lib/python3.12/site-packages", "usr/lib/python3.11/dist-packages",
                          "usr/lib/python3.9/site-packages"));
}

TEST_F(PythonPackagesTest, ListsAFolderOnceUnderItsFirstName) {
  MakeFolder("usr/lib/python3.12/site-packages");
  fs::create_directory_symlink("lib", root_ / "usr/lib64");
  locations_.virtual_env = (root_ / "usr").string();
  locations_.system_prefixes = {root_ / "usr"};
  EXPECT_THAT(Find(), ElementsAre("usr/lib/python3.12/site-packages"));
}

TEST_F(PythonPackagesTest, LooksBesideALinkAndWhereItLeads) {
  // As in a virtual environment that is on PATH without being activated.
  MakeFile("python/bin/python3.12");
  MakeFolder("python/lib/python3.12/site-packages");
  MakeFolder("venv/bin");
  MakeFolder("venv/lib/python3.12/site-packages");
  fs::create_symlink(root_ / "python/bin/python3.12", root_ / "venv/bin/python3");
  locations_.search_path = (root_ / "venv/bin").string();
  EXPECT_THAT(Find(), ElementsAre("venv/lib/python3.12/site-packages",
                                  "python/lib/python3.12/site-packages"));
}

TEST_F(PythonPackagesTest, SeesThroughShimsOfPyenv) {
  MakeFile("pyenv/shims/python3");
  MakeFile("pyenv/version", "3.11.7\n");
  for (const char* version : {"3.9.18", "3.11.7", "3.12.1"}) {
    const std::string name(version);
    MakeFolder("pyenv/versions/" + name + "/lib/python" + name.substr(0, name.rfind('.')) +
               "/site-packages");
  }
  locations_.search_path = (root_ / "pyenv/shims").string();
  EXPECT_THAT(Find(), ElementsAre("pyenv/versions/3.11.7/lib/python3.11/site-packages",
                                  "pyenv/versions/3.12.1/lib/python3.12/site-packages",
                                  "pyenv/versions/3.9.18/lib/python3.9/site-packages"));
  locations_.pyenv_version = "3.9.18";
  EXPECT_EQ(Find().front(), "pyenv/versions/3.9.18/lib/python3.9/site-packages");
}

}  // namespace
}  // namespace webnn
