// SPDX-License-Identifier: Apache-2.0
// Adapters as PEFT saved them (tools/record_adapters.py): the recorded rewards to 1e-5, alone, merged, and written
// again.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "rondo/io/json.h"
#include "rondo/io/test_folder.h"
#include "tests/support/program.h"
#include "tests/support/shared_data.h"

namespace rondo {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Call;
using ::testing::HasSubstr;

fs::path recorded(const std::string& name) { return testing::fixture_folder() / "adapters" / name; }

std::vector<fs::path> recordings() {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(recorded(""))) {
    if (fs::exists(entry.path() / "record.json")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Call verify(const std::string& model, const fs::path& recording) {
  return testing::rondo("verify " + model + " --reference " + (recording / "record.json").string());
}

class PeftAdapter : public ::testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    if (testing::program().empty()) GTEST_SKIP() << "RONDO_BINARY names no program";
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  io::TestFolder folder_;
};

TEST_P(PeftAdapter, GivesTheRecordedRewards) {
  const Call alone = verify(GetParam().string(), GetParam());
  EXPECT_EQ(alone.exit_code, 0) << alone.output;
  EXPECT_THAT(alone.output, HasSubstr("rows compared"));
}

TEST_P(PeftAdapter, GivesThemMerged) {
  const Call merged = testing::rondo("export --merge --model " + GetParam().string() + " --out " + at("merged"));
  ASSERT_EQ(merged.exit_code, 0) << merged.output;
  EXPECT_TRUE(fs::exists(folder_ / "merged/model.safetensors"));
  const Call verified = verify(at("merged"), GetParam());
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
}

TEST_P(PeftAdapter, GivesThemWrittenAgain) {
  const Call again = testing::rondo("export --model " + GetParam().string() + " --out " + at("again"));
  ASSERT_EQ(again.exit_code, 0) << again.output;
  EXPECT_FALSE(fs::exists(folder_ / "again/model.safetensors"));
  const Call verified = verify(at("again"), GetParam());
  EXPECT_EQ(verified.exit_code, 0) << verified.output;
}

INSTANTIATE_TEST_SUITE_P(Recorded, PeftAdapter, ::testing::ValuesIn(recordings()),
                         [](const auto& row) { return row.param.filename().string(); });

class PeftFile : public PeftAdapter {
 protected:
  // llama's adapter with another setting, and its base named by the whole path.
  Call changed(const std::string& key, const json& value) const {
    fs::remove_all(folder_ / "changed");
    fs::copy(recorded("llama"), folder_ / "changed");
    json config = io::read_json_file(folder_ / "changed/adapter_config.json");
    config["base_model_name_or_path"] = (testing::fixture_folder() / "published/llama").string();
    config[key] = value;
    folder_.write("changed/adapter_config.json", config.dump());
    return verify(at("changed"), recorded("llama"));
  }
};

TEST_F(PeftFile, EverySettingOfTheMathsMatters) {
  EXPECT_EQ(changed("lora_alpha", 8).exit_code, 0);
  EXPECT_EQ(changed("lora_alpha", 9).exit_code, 4);
  EXPECT_EQ(changed("use_rslora", true).exit_code, 4);
  EXPECT_EQ(changed("lora_dropout", 0.5).exit_code, 0) << "dropout falls in training alone";
}

TEST_F(PeftFile, WhatDoesNotFitIsRefusedInWords) {
  const struct {
    const char* key;
    json value;
    const char* sentence;
  } cases[] = {
      {"r", 5, "lora_A.weight: shape [4, 16], expected [5, 16]"},
      {"target_modules", {"q_proj", "v_proj", "o_proj"}, "weights of an adapter are missing"},
      {"use_dora", true, "use_dora"},
      {"rank_pattern", {{"q_proj", 2}}, "rank_pattern"},
      {"base_model_name_or_path", "meta-llama/none", "name its folder with --base DIR"},
      {"base_model_name_or_path", recorded("llama").string(), "holds no config.json"},
  };
  for (const auto& c : cases) {
    const Call made = changed(c.key, c.value);
    EXPECT_EQ(made.exit_code, 4) << c.key;
    EXPECT_THAT(made.output, HasSubstr(c.sentence)) << c.key;
  }
}

}  // namespace
}  // namespace rondo
