// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/from_above.h"

#include <map>
#include <nlohmann/json.hpp>

#include "lido/dataset/truth.h"
#include "lido/geometry/site.h"
#include "lido/storage/reader.h"
#include "lido/storage/store.h"
#include "lido/synth/world/life.h"

namespace lido::synth {
namespace {

using geometry::Point;
using geometry::Site;
using Json = nlohmann::ordered_json;

constexpr const char* kPage =
    R"(<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width,initial-scale=1"><title>From above</title>
<style>:root{--ink:#12263a;--soft:#5b7083;--paper:#fff;--wash:#f2f7fa;--line:#d9e4ec}
@media (prefers-color-scheme:dark){:root{--ink:#e6eff5;--soft:#93a9b8;--paper:#101c27;--wash:#0a141d;--line:#26394a}}
body{margin:0;background:var(--wash);color:var(--ink);font:15px/1.5 system-ui,sans-serif}main{max-width:1080px;margin:0 auto;padding:24px 20px}
h1{font-size:22px;margin:0}p{margin:4px 0 12px;color:var(--soft)}canvas{width:100%;border-radius:10px;display:block}
.bar{display:flex;gap:12px;align-items:center;margin:12px 0}input[type=range]{flex:1}button,select{font:inherit;padding:4px 12px;border-radius:8px;border:1px solid var(--line);background:var(--paper);color:var(--ink)}
table{border-collapse:collapse;width:100%;background:var(--paper);border-radius:10px}td,th{text-align:left;padding:6px 12px;border-bottom:1px solid var(--line);font-size:14px}th{color:var(--soft);font-weight:600}
.films{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:12px;margin-bottom:12px}.films:empty{display:none}figure{margin:0;position:relative}figure video{width:100%;display:block;border-radius:10px}figure canvas{position:absolute;inset:0;width:100%;height:100%}figcaption{position:absolute;left:10px;top:6px;color:#fff;font-size:13px;text-shadow:0 0 3px #000}
.key{display:flex;gap:18px;flex-wrap:wrap;font-size:13px;color:var(--soft)}.key i{display:inline-block;width:11px;height:11px;border-radius:6px;margin-right:6px}</style>
<main><h1></h1><p>Measured in simulation: logic, timing and geometry, not that anybody is saved.</p><div class=films></div><canvas id=map></canvas>
<div class=bar><button id=play>Play</button><input id=at type=range min=0 step=0.1><span id=clock></span><select id=speed><option value=1>1x<option value=4 selected>4x<option value=16>16x</select></div>
<div class=key></div><h2 style="font-size:16px">Who is there</h2><table id=who></table></main>
<script>const D=)";
constexpr const char* kScript = R"(;
const $=s=>document.querySelector(s),C=$('#map'),G=C.getContext('2d'),P=D.pool;
const colour={none:'#0b7fab',distress:'#e07b00',drowning:'#c1121f',fallen:'#8661c1',alone:'#e07b00'};
$('h1').textContent=`Day ${D.day}, ${clock(D.from)} to ${clock(D.to)}`;
$('.key').innerHTML=Object.entries(colour).map(([k,c])=>`<span><i style="background:${c}"></i>${k=='none'?'no danger':k}</span>`).join('')+'<span>ring: mouth under water</span><span>size: stature</span>';
function clock(s){s=Math.floor(s);return [s/3600,s/60%60,s%60].map(v=>String(Math.floor(v)).padStart(2,'0')).join(':')}
const xs=P.outline.map(p=>p[0]),ys=P.outline.map(p=>p[1]),m=P.deck+.3,x0=Math.min(...xs)-m,x1=Math.max(...xs)+m,y0=Math.min(...ys)-m,y1=Math.max(...ys)+m;
C.width=2080;const k=C.width/(x1-x0);C.height=Math.round((y1-y0)*k);const X=x=>(x-x0)*k,Y=y=>C.height-(y-y0)*k;
$('#at').max=D.to-D.from;
function draw(t){const i=Math.min(D.times.length-1,Math.max(0,Math.floor((t-(D.times[0]-D.from))*D.rate)));
 G.fillStyle='#d8d2c4';G.fillRect(0,0,C.width,C.height);G.beginPath();P.outline.forEach((p,j)=>j?G.lineTo(X(p[0]),Y(p[1])):G.moveTo(X(p[0]),Y(p[1])));G.closePath();
 const w=G.createLinearGradient(X(0),0,X(Math.max(...xs)),0);w.addColorStop(0,'#9bdcf0');w.addColorStop(1,'#3f9fc8');G.fillStyle=w;G.fill();G.lineWidth=6;G.strokeStyle='#f7f7f4';G.stroke();
 G.fillStyle='#6b6252';for(const p of P.ways_in)G.fillRect(X(p[0])-9,Y(p[1])-9,18,18);
 G.font='26px system-ui';let rows='<tr><th>person<th>age group<th>does<th>danger<th>mouth over water</tr>';
 for(const [id,x,y,z,h,b,d] of D.frames[i]){const v=D.people[id],r=k*.16*v.stature/1.7;
  G.globalAlpha=z<0?.55:1;G.fillStyle=colour[d];G.beginPath();G.arc(X(x),Y(y),r,0,7);G.fill();G.globalAlpha=1;
  if(z<0){G.lineWidth=5;G.strokeStyle='#fff';G.stroke()}
  G.lineWidth=6;G.strokeStyle='#12263a';G.beginPath();G.moveTo(X(x),Y(y));G.lineTo(X(x)+1.4*r*Math.cos(h),Y(y)-1.4*r*Math.sin(h));G.stroke();
  G.fillStyle='#12263a';G.fillText(id+' '+D.behaviours[b].replaceAll('_',' '),X(x)+r+6,Y(y)-r);
  rows+=`<tr><td>${id}<td>${v.group}<td>${D.behaviours[b].replaceAll('_',' ')}<td style="color:${d=='none'?'inherit':colour[d]}">${d}<td>${z.toFixed(2)} m</tr>`}
 $('#who').innerHTML=rows;$('#clock').textContent=clock(D.from+t)}
const films=D.cameras.map(c=>{const f=document.createElement('figure');f.innerHTML=`<video muted playsinline preload=auto src="${c.clip}"></video><canvas width=${c.width} height=${c.height}></canvas><figcaption>${c.name}</figcaption>`;$('.films').append(f);return {...c,video:f.children[0],g:f.children[1].getContext('2d')}});
function boxes(t){for(const f of films){const g=f.g;g.clearRect(0,0,f.width,f.height);const at=Math.round(t*D.box_rate),l=f.boxes[at]||[];g.lineWidth=1.5;g.font='11px system-ui';
 for(const [id,x,y,w,h,d] of l){g.strokeStyle=g.fillStyle=d=='none'?'#ffffffb0':colour[d];g.strokeRect(x,y,w,h);if(d!='none')g.fillText(id+' '+d,x,y-3)}
 if(!playing&&Math.abs(f.video.currentTime-t)>.05)f.video.currentTime=t}}
let playing=false,last=0;const at=$('#at');at.value=0;at.oninput=()=>{draw(+at.value);boxes(+at.value);for(const f of films)f.video.currentTime=+at.value};
$('#play').onclick=()=>{playing=!playing;$('#play').textContent=playing?'Pause':'Play';last=performance.now();for(const f of films){f.video.playbackRate=+$('#speed').value;playing?f.video.play():f.video.pause()}requestAnimationFrame(turn)};
function turn(now){if(!playing)return;at.value=+at.value+(now-last)/1000*+$('#speed').value;last=now;if(+at.value>=+at.max){playing=false;$('#play').textContent='Play'}draw(+at.value);boxes(+at.value);requestAnimationFrame(turn)}
const start=new URLSearchParams(location.search).get('t');if(start)at.value=start;draw(+at.value);boxes(+at.value);
</script></html>
)";

constexpr double kBoxes_hz = 5;

double rounded(double value) { return std::round(value * 1000) / 1000; }

Json points(const std::vector<Point>& all) {
  Json list = Json::array();
  for (const Point p : all) list.push_back({p.x, p.y});
  return list;
}

Result<Site> site_of(const std::string& folder) {
  const std::string file = folder + "/site.yaml";
  const auto reader = LIDO_TRY(storage::open_reader(file));
  return geometry::read_site(LIDO_TRY(storage::read_all(*reader, 1 << 20)), file);
}

/// Each camera's clip, and boxes around people a few times a second.
Result<Json> films_of(storage::Store& store, const Site& site, double duration_s) {
  Json films = Json::array();
  for (const geometry::Camera& camera : site.cameras) {
    Json boxes = Json::array();
    for (int64_t i = 0; static_cast<double>(i) <= duration_s * kBoxes_hz; ++i)
      boxes.push_back(Json::array());
    LIDO_TRY(dataset::visit_table<dataset::SeenRow>(
        store, "truth/" + camera.name + ".parquet", [&](dataset::SeenRow& row) -> Result<void> {
          const double at = row.time_s * kBoxes_hz;
          const auto index = static_cast<size_t>(std::llround(at));
          if (std::abs(at - static_cast<double>(index)) * 2 > kBoxes_hz / camera.fps ||
              row.visible.empty() || index >= boxes.size())
            return {};
          Json box = {row.person};
          for (const double value : row.visible) box.push_back(std::round(value));
          box.push_back(row.danger);
          boxes[index].push_back(std::move(box));
          return {};
        }));
    films.push_back({{"name", camera.name},
                     {"clip", "clips/" + camera.name + ".mp4"},
                     {"width", camera.width},
                     {"height", camera.height},
                     {"boxes", std::move(boxes)}});
  }
  return films;
}

/// When a film begins and ends; nothing where there is none.
Result<std::optional<Stretch>> film_of(storage::Store& store) {
  constexpr double kLongest_s = 600;
  if (!LIDO_TRY(store.exists("clips.csv"))) return std::nullopt;
  Stretch stretch{0, 1e18, -1e18};
  LIDO_TRY(dataset::visit_table<dataset::TruthRow>(
      store, tracks_file(0), [&](dataset::TruthRow& row) -> Result<void> {
        stretch.from_s = std::min(stretch.from_s, row.time_s);
        stretch.to_s = std::max(stretch.to_s, row.time_s);
        return {};
      }));
  if (stretch.to_s < stretch.from_s) return std::nullopt;
  stretch.to_s = std::min(stretch.to_s, stretch.from_s + kLongest_s);
  return stretch;
}

}  // namespace

Result<Stretch> worth_seeing(const std::string& folder) {
  const auto store = LIDO_TRY(storage::open_store(folder));
  if (const auto film = LIDO_TRY(film_of(*store))) return *film;
  const auto events = LIDO_TRY(dataset::read_table<dataset::DangerRow>(*store, "events.parquet"));
  if (!events.empty())
    return Stretch{events[0].day, events[0].begin_s - 60, events[0].begin_s + 180};
  const auto visitors =
      LIDO_TRY(dataset::read_table<dataset::VisitorRow>(*store, "visitors.parquet"));
  for (const auto& row : visitors) {
    // Who comes first cleans.
    if (row.party > 1) return Stretch{row.day, row.arrives_s, row.arrives_s + 600};
  }
  return fail(ErrorCode::kNotFound, "{}: nobody came", folder);
}

Result<std::string> from_above(const std::string& folder, const Stretch& stretch) {
  const auto store = LIDO_TRY(storage::open_store(folder));
  const Site site = LIDO_TRY(site_of(folder));
  const geometry::Pool& pool = site.pool;
  std::map<double, Json> frames;
  std::map<std::string, size_t> behaviours;
  LIDO_TRY(dataset::visit_table<dataset::TruthRow>(
      *store, tracks_file(stretch.day), [&](dataset::TruthRow& row) -> Result<void> {
        if (row.time_s < stretch.from_s || row.time_s > stretch.to_s) return {};
        const size_t behaviour =
            behaviours.try_emplace(row.behaviour, behaviours.size()).first->second;
        frames.try_emplace(row.time_s, Json::array())
            .first->second.push_back({row.person, rounded(row.x_m), rounded(row.y_m),
                                      rounded(row.mouth_m), rounded(row.heading_rad), behaviour,
                                      row.danger});
        return {};
      }));
  if (frames.empty())
    return fail(ErrorCode::kNotFound, "{}: nobody is there on day {} from {:.0f} to {:.0f} s",
                folder, stretch.day, stretch.from_s, stretch.to_s);
  Json people = Json::object();
  LIDO_TRY(dataset::visit_table<dataset::VisitorRow>(
      *store, "visitors.parquet", [&](dataset::VisitorRow& row) -> Result<void> {
        if (row.day == stretch.day)
          people[std::to_string(row.person)] = {{"group", row.age_group},
                                                {"stature", row.stature_m}};
        return {};
      }));
  Json names = Json::array();
  for (size_t i = 0; i < behaviours.size(); ++i) names.push_back("");
  for (const auto& [name, index] : behaviours) names[index] = name;
  Json times = Json::array(), all = Json::array();
  double apart_s = 1;
  for (auto& [time_s, frame] : frames) {
    if (times.size() == 1) apart_s = time_s - times[0].get<double>();
    times.push_back(time_s);
    all.push_back(std::move(frame));
  }
  const Json data = {{"day", stretch.day},
                     {"from", stretch.from_s},
                     {"to", stretch.to_s},
                     {"rate", 1 / apart_s},
                     {"pool",
                      {{"outline", points(pool.outline)},
                       {"ways_in", points(pool.ways_in)},
                       {"deck", pool.deck_m}}},
                     {"people", people},
                     {"behaviours", names},
                     {"times", times},
                     {"box_rate", kBoxes_hz},
                     {"cameras", LIDO_TRY(films_of(*store, site, stretch.to_s - stretch.from_s))},
                     {"frames", all}};
  return kPage + data.dump() + kScript;
}

}  // namespace lido::synth
