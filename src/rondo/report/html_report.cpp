// SPDX-License-Identifier: Apache-2.0
#include "rondo/report/html_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "rondo/io/atomic_file.h"
#include "rondo/report/plotly_js.h"

namespace rondo::report {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --text: #1a1d23; --faint: #5b6472; --line: #dfe3ea;
  --good: #0a7d55; --good-back: #e6f5ef; --caution: #9a5b00; --caution-back: #fdf3e1; --wrong: #c2361b; }
@media (prefers-color-scheme: dark) { :root { --page: #121418; --card: #1b1f26; --text: #e8eaee; --faint: #9aa4b2;
  --line: #313743; --good: #4fd1a1; --good-back: #14302a; --caution: #f0b35a; --caution-back: #33270f; --wrong: #ff7d63; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); line-height: 1.55;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: clamp(1.5rem, 4vw, 2.2rem); line-height: 1.2; margin: .5rem 0 1rem; letter-spacing: -.015em; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; }
p { max-width: 46rem; margin: .6rem 0; }
figure, .table, .facts { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem;
  margin: 1rem 0; overflow-x: auto; }
figcaption, caption { color: var(--faint); font-size: .9rem; text-align: left; caption-side: bottom; padding-top: .6rem; }
.finding { border-left: 4px solid var(--faint); border-radius: 6px; background: var(--card); padding: .7rem 1rem;
  margin: 1rem 0; font-size: 1.08rem; }
.finding.good { border-color: var(--good); background: var(--good-back); }
.finding.caution { border-color: var(--caution); background: var(--caution-back); }
table { border-collapse: collapse; width: 100%; font-size: .95rem; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
thead th { color: var(--faint); font-weight: 600; vertical-align: bottom; white-space: normal; }
tbody tr:last-child td { border-bottom: 0; }
.mark { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .5em; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.facts td:first-child { color: var(--faint); white-space: nowrap; }
.plot { width: 100%; height: 22rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.panel h3 { margin: 0; font-size: 1rem; text-align: center; }
.panel p { margin: 0; text-align: center; font-size: .9rem; color: var(--faint); }
.panel svg { display: block; width: 100%; max-width: 20rem; margin: 0 auto; }
.plans { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem; margin-top: 1rem; }
.plan { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .7rem; font-size: .85rem; }
.plan svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font-family: inherit; }
svg .faint { fill: var(--faint); }
@media (max-width: 44rem) { th, td { white-space: normal; padding: .4rem .35rem; font-size: .88rem; }
  figure, .table, .facts { padding: .7rem; } }
)";

// Draws every plot with the colours of the theme and again when the theme changes. Without JavaScript the tables
// remain.
constexpr std::string_view kScript = R"(
(function () {
  function merge(base, extra) {
    Object.keys(extra).forEach(function (key) {
      var both = base[key] && extra[key] && typeof base[key] === 'object' && !Array.isArray(extra[key]);
      base[key] = both && typeof extra[key] === 'object' ? merge(base[key], extra[key]) : extra[key];
    });
    return base;
  }
  function draw() {
    var style = getComputedStyle(document.documentElement);
    var text = style.getPropertyValue('--text').trim(), line = style.getPropertyValue('--line').trim();
    document.querySelectorAll('.plot').forEach(function (place) {
      var plot = JSON.parse(document.getElementById(place.id + '-data').textContent);
      var axis = function () { return { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true }; };
      var layout = merge({ paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', xaxis: axis(), yaxis: axis(),
        font: { color: text, family: 'system-ui, sans-serif' }, margin: { l: 56, r: 12, t: 12, b: 48 },
        legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0 }, hovermode: 'closest' }, plot.layout);
      Plotly.react(place, plot.traces, layout, { responsive: true, displayModeBar: false });
    });
  }
  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
})();
)";

std::string cell(std::string_view tag, std::string_view content) { return fmt::format("<{0}>{1}</{0}>", tag, content); }

// JSON inside a script element: the parser of HTML would end the element at "</script", so no "<" stays as it is.
std::string script_json(const nlohmann::json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string with_interval(const nlohmann::json& value, const nlohmann::json& low, const nlohmann::json& high) {
  if (!value.is_number()) return "not available";
  if (!low.is_number() || !high.is_number()) return fmt::format("{:.3f}", value.get<double>());
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", value.get<double>(), low.get<double>(), high.get<double>());
}

std::string with_interval(const nlohmann::json& object, const std::string& key) {
  const auto part = [&](const std::string& name) { return object.contains(name) ? object[name] : nlohmann::json(); };
  return with_interval(part(key), part(key + "_low"), part(key + "_high"));
}

HtmlReport::HtmlReport(std::string title) : title_(std::move(title)) {}

void HtmlReport::add_heading(std::string_view text) { body_ += cell("h2", escape_html(text)) + "\n"; }

void HtmlReport::add_text(std::string_view text) { body_ += cell("p", escape_html(text)) + "\n"; }

void HtmlReport::add_finding(std::string_view text, Tone tone) {
  constexpr const char* kClasses[] = {"finding", "finding good", "finding caution"};
  body_ += fmt::format("<div class=\"{}\">{}</div>\n", kClasses[static_cast<size_t>(tone)], escape_html(text));
}

void HtmlReport::add_table(const Table& table) {
  body_ += "<div class=\"table\"><table>";
  if (!table.caption.empty()) body_ += cell("caption", escape_html(table.caption));
  body_ += "<thead><tr>";
  for (const std::string& column : table.columns) body_ += cell("th", escape_html(column));
  body_ += "</tr></thead><tbody>\n";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    body_ += "<tr>";
    std::string mark;
    if (row < table.marks.size() && !table.marks[row].empty()) {
      mark = fmt::format("<span class=\"mark\" style=\"background:{}\"></span>", escape_html(table.marks[row]));
    }
    for (const std::string& text : table.rows[row]) {
      body_ += cell("td", mark + escape_html(text));
      mark.clear();
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void HtmlReport::add_facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  body_ += "<div class=\"facts\"><table><tbody>\n";
  for (const auto& [name, value] : facts) {
    body_ += "<tr>" + cell("td", escape_html(name)) + cell("td", escape_html(value)) + "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void HtmlReport::add_plot(std::string_view caption, const nlohmann::json& traces, const nlohmann::json& layout) {
  const std::string id = fmt::format("plot-{}", ++plot_count_);
  const std::string data = script_json({{"traces", traces}, {"layout", layout}});
  body_ += fmt::format(
      "<figure><div class=\"plot\" id=\"{0}\"></div><figcaption>{1}</figcaption>\n"
      "<script type=\"application/json\" id=\"{0}-data\">{2}</script></figure>\n",
      id, escape_html(caption), data);
}

void HtmlReport::add_picture(std::string_view trusted_markup, std::string_view caption) {
  body_ += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", trusted_markup, escape_html(caption));
}

std::string HtmlReport::html() const {
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += cell("title", escape_html(title_)) + "\n";
  page += cell("style", kStyle) + "</head>\n<body><main>\n";
  page += cell("h1", escape_html(title_)) + "\n" + body_ + "</main>\n";
  if (plot_count_ > 0) {
    page += cell("script", plotly_js()) + "\n";
    page += cell("script", kScript) + "\n";
  }
  return page + "</body></html>\n";
}

void HtmlReport::save(const std::filesystem::path& path) const { io::write_file(path, html()); }

}  // namespace rondo::report
