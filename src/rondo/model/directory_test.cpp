// SPDX-License-Identifier: Apache-2.0
#include "rondo/model/directory.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>

#include "rondo/base/error.h"
#include "rondo/io/atomic_file.h"
#include "rondo/io/json.h"
#include "rondo/io/safetensors.h"
#include "rondo/io/test_folder.h"
#include "rondo/model/initial.h"
#include "tests/support/shared_data.h"

namespace rondo::model {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Directory : public ::testing::Test {
 protected:
  void save_model(const heads::HeadConfig& head) {
    const auto& family = backbones::family_by_name("llama");
    const json config = {{"architectures", {"LlamaForCausalLM"}},
                         {"vocab_size", 20},
                         {"hidden_size", 8},
                         {"num_hidden_layers", 1},
                         {"num_attention_heads", 2},
                         {"intermediate_size", 12}};
    backbones::ConfigReader reader(config, "test");
    const nn::Sizes sizes = family.sizes(reader);
    nn::ParameterSet parameters = initial_backbone(family, sizes, 0.1, 1);
    const nn::ParameterSet initial = initial_head(head, sizes.hidden, 1);
    for (const nn::Parameter& p : initial.all()) parameters.add(p.name, p.value);
    save(Model(family, config, head, std::move(parameters)), json::object(), folder_.path(), folder_.path());
  }
  void change_config(const std::function<void(json&)>& change) {
    json config = io::read_json_file(folder_ / "config.json");
    change(config);
    io::write_file(folder_ / "config.json", config.dump());
  }
  void rename_tensor(const std::string& from, const std::string& to) {
    {
      const io::SafetensorsReader old(folder_ / "model.safetensors");
      std::vector<io::TensorSpec> specs;
      for (const io::TensorView& view : old.tensors())
        specs.push_back({view.name == from ? to : view.name, view.dtype, view.shape});
      io::SafetensorsWriter writer(folder_ / "renamed.safetensors", specs, {});
      for (size_t i = 0; i < specs.size(); ++i) writer.write(specs[i].name, old.tensors()[i].bytes);
      writer.commit();
    }
    std::filesystem::rename(folder_ / "renamed.safetensors", folder_ / "model.safetensors");
  }
  std::string refusal() const {
    return io::message_of<ModelError>([this] { load(folder_.path()); });
  }
  io::TestFolder folder_;
};

TEST_F(Directory, RefusesAHeadThatTheConfigDoesNotAnnounce) {
  save_model({.kind = "hrc", .planes = 2});
  change_config([](json& c) { c["rondo"]["head"]["kind"] = "gpm"; });
  EXPECT_THAT(refusal(), HasSubstr("unknown tensors"));
  EXPECT_THAT(refusal(), HasSubstr("score.weight"));
}

TEST_F(Directory, RefusesALostHead) {
  save_model({.kind = "gpm", .planes = 2});
  change_config([](json& c) { c["rondo"]["head"]["gate"] = "softmax"; });
  EXPECT_THAT(refusal(), HasSubstr("the head is missing"));
  EXPECT_THAT(refusal(), HasSubstr("prompt_head.weight"));
}

TEST_F(Directory, RefusesOtherShapes) {
  save_model({.kind = "gpm", .planes = 2});
  change_config([](json& c) { c["intermediate_size"] = 16; });
  EXPECT_THAT(refusal(), HasSubstr("shape [12, 8], expected [16, 8]"));
}

TEST_F(Directory, RefusesMissingLayers) {
  save_model({.kind = "gpm", .planes = 2});
  change_config([](json& c) { c["num_hidden_layers"] = 2; });
  EXPECT_THAT(refusal(), HasSubstr("weights are missing"));
  EXPECT_THAT(refusal(), HasSubstr("model.layers.1."));
}

TEST_F(Directory, RefusesWhatItDoesNotImplement) {
  save_model({.kind = "bt", .norm = "none", .tau = 1});
  const json before = io::read_json_file(folder_ / "config.json");
  const struct {
    const char* key;
    json value;
    const char* text;
  } cases[] = {{"architectures", {"GrokForCausalLM"}, "unknown architecture"},
               {"hidden_act", "laplace", "known: silu"},
               {"attention_bias", true, "weights are missing"},
               {"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}, "known: default, linear, llama3, yarn"},
               {"rope_scaling", {{"rope_type", "longrope"}, {"factor", 2.0}}, "known: default, linear, llama3, yarn"},
               {"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}, {"twist", 1}}, "'twist' is not understood"},
               {"residual_multiplier", 0.5, "not implemented for this family"},
               {"quantization_config", {{"bits", 4}}, "quantised weights are not read"},
               {"layer_types", {"sliding_attention"}, "not implemented for this family"},
               {"hidden_size", "8", "not a whole number"},
               {"rondo", 3, "not an object"}};
  for (const auto& c : cases) {
    json changed = before;
    changed[c.key] = c.value;
    io::write_file(folder_ / "config.json", changed.dump());
    EXPECT_THAT(refusal(), HasSubstr(c.text)) << c.key;
  }
}

TEST_F(Directory, NamesKeysThatChangeNothing) {
  save_model({.kind = "bt", .norm = "none", .tau = 1});
  change_config([](json& c) {
    c["use_cache"] = true;
    c["attention_dropout"] = 0.1;
    c["residual_multiplier"] = 1.0;
    c["sliding_window"] = nullptr;
  });
  EXPECT_THAT(load(folder_.path()).ignored_keys, ::testing::IsSupersetOf({"use_cache", "attention_dropout"}));
}

TEST_F(Directory, ATypeIsEnoughWhereNoClassIsNamed) {
  save_model({.kind = "gpm", .planes = 2});
  change_config([](json& c) {
    c.erase("architectures");
    c["model_type"] = "llama";
  });
  EXPECT_EQ(load(folder_.path()).model->family().name, "llama");
  change_config([](json& c) { c["model_type"] = "grok"; });
  EXPECT_THAT(refusal(), HasSubstr("no 'architectures'"));
}

TEST_F(Directory, ABareBackboneHasTheSameNamesWithoutTheirPrefix) {
  save_model({.kind = "bt", .norm = "none", .tau = 1});
  const std::string hash = weights_hash(*load(folder_.path()).model);
  {
    const io::SafetensorsReader old(folder_ / "model.safetensors");
    std::vector<io::TensorSpec> specs;
    for (const io::TensorView& view : old.tensors()) {
      specs.push_back({view.name.starts_with("model.") ? view.name.substr(6) : view.name, view.dtype, view.shape});
    }
    io::SafetensorsWriter writer(folder_ / "bare.safetensors", specs, {});
    for (size_t i = 0; i < specs.size(); ++i) writer.write(specs[i].name, old.tensors()[i].bytes);
    writer.commit();
  }
  std::filesystem::rename(folder_ / "bare.safetensors", folder_ / "model.safetensors");
  EXPECT_EQ(weights_hash(*load(folder_.path()).model), hash);
}

TEST_F(Directory, ABtModelLoadsAsTheClassifierThatItsConfigDescribes) {
  save_model({.kind = "bt", .norm = "none", .tau = 1});
  change_config([](json& c) {
    EXPECT_EQ(c["architectures"][0], "LlamaForSequenceClassification");
    EXPECT_EQ(c["num_labels"], 1);
    c.erase("rondo");
  });
  EXPECT_EQ(load(folder_.path()).model->head_config().kind, "bt");
  change_config([](json& c) {
    c.erase("num_labels");
    c.erase("id2label");
  });
  EXPECT_THAT(refusal(), HasSubstr("num_labels 1"));
}

TEST_F(Directory, ReadsARewardUnderEveryNameThatTrainersGiveIt) {
  save_model({.kind = "bt", .norm = "none", .tau = 1});
  const std::string hash = weights_hash(*load(folder_.path()).model);
  change_config([](json& c) {
    c.erase("rondo");
    c["architectures"] = {"RewardModel"};
    c["model_type"] = "llama";
    c.erase("num_labels");
    c.erase("id2label");
  });
  std::string current = "score";
  for (const std::string_view name : kRewardNames) {
    rename_tensor(current + ".weight", std::string(name) + ".weight");
    current = name;
    const LoadedModel loaded = load(folder_.path());
    EXPECT_EQ(weights_hash(*loaded.model), hash) << name;
    EXPECT_TRUE(loaded.ignored_tensors.empty()) << name;
  }
  rename_tensor(current + ".weight", "q_head.weight");
  EXPECT_THAT(refusal(), HasSubstr("the head is missing"));
}

TEST_F(Directory, RefusesAClassifierThatLostALayer) {
  std::filesystem::copy(rondo::testing::fixture_folder() / "published" / "bert", folder_.path(),
                        std::filesystem::copy_options::recursive);
  EXPECT_TRUE(load(folder_.path()).model->head_config().classifier);
  rename_tensor("bert.pooler.dense.bias", "bert.pooler.dense.offset");
  EXPECT_THAT(refusal(), HasSubstr("a layer of the classifier is missing"));
  rename_tensor("bert.pooler.dense.offset", "bert.pooler.dense.bias");
  rename_tensor("classifier.bias", "cls.bias");
  EXPECT_THAT(refusal(), HasSubstr("score.bias"));
}

TEST_F(Directory, RefusesAHeadOfAnUnannouncedModelByTheCommandThatWouldAnnounceIt) {
  save_model({.kind = "gpm", .planes = 2});
  change_config([](json& c) { c.erase("rondo"); });
  EXPECT_THAT(refusal(), HasSubstr("value_head.weight with 4 rows"));
  EXPECT_THAT(refusal(), HasSubstr("rondo import --from " + folder_.path().string()));
  HeadImport import{.head = {.kind = "gpm", .planes = 2}};
  EXPECT_EQ(load(folder_.path(), {.import = import}).model->head_config().planes, 2);
  import.head.planes = 3;
  EXPECT_THAT(io::message_of<ModelError>([&] { load(folder_.path(), {.import = import}); }),
              HasSubstr("value_head.weight: shape [4, 8], expected [6, 8]"));
}

TEST_F(Directory, WritesShardsThatLoadAsOne) {
  save_model({.kind = "hrc", .planes = 2});
  const LoadedModel one = load(folder_.path());
  const std::filesystem::path sharded = folder_ / "sharded";
  save(*one.model, one.rondo, sharded, folder_.path(), {.max_shard_bytes = 600});
  EXPECT_FALSE(std::filesystem::exists(sharded / "model.safetensors"));
  EXPECT_EQ(weights_hash(*load(sharded).model), weights_hash(*one.model));
  const json map = io::read_json_file(sharded / "model.safetensors.index.json")["weight_map"];
  std::filesystem::remove(sharded / map["model.norm.weight"].get<std::string>());
  EXPECT_THAT(io::message_of<ModelError>([&] { load(sharded); }), HasSubstr("is missing"));
}

TEST_F(Directory, ChangesTheTypeOfTheBackboneAndNotOfTheHead) {
  save_model({.kind = "gpm", .planes = 2});
  const LoadedModel loaded = load(folder_.path());
  save(*loaded.model, loaded.rondo, folder_ / "half", folder_.path(), {.dtype = at::kBFloat16});
  const LoadedModel half = load(folder_ / "half");
  EXPECT_EQ(half.model->parameters().get("model.norm.weight").scalar_type(), at::kBFloat16);
  const io::SafetensorsReader file(folder_ / "half");
  EXPECT_EQ(file.find("value_head.weight")->dtype, io::DType::kF32);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
}

TEST_F(Directory, ANewHeadReplacesTheOldOne) {
  save_model({.kind = "hrc", .planes = 2});
  const LoadedModel loaded = load(folder_.path(), {.new_head = heads::HeadConfig{.kind = "gpm", .planes = 5}});
  EXPECT_EQ(loaded.model->parameters().get("value_head.weight").size(0), 10);
  EXPECT_EQ(loaded.ignored_tensors.size(), 2u);
}

TEST_F(Directory, RefusesPicklesAndMissingFolders) {
  folder_.write("config.json", "{}");
  folder_.write("pytorch_model.bin", "x");
  EXPECT_THAT(refusal(), HasSubstr("pickled"));
  EXPECT_THAT(io::message_of<ModelError>([this] { load(folder_ / "nowhere"); }), HasSubstr("no such folder"));
}

}  // namespace
}  // namespace rondo::model
