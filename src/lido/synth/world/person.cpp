// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/world/person.h"

#include <algorithm>
#include <array>
#include <functional>

namespace lido::synth {
namespace {

struct Row {
  double years, boy_m, girl_m;
};
constexpr std::array<Row, 13> kStatures = {{{1, 0.757, 0.740},
                                            {2, 0.89, 0.88},
                                            {3, 0.97, 0.96},
                                            {4, 1.05, 1.04},
                                            {6, 1.19, 1.18},
                                            {8, 1.32, 1.31},
                                            {10, 1.43, 1.43},
                                            {12, 1.55, 1.56},
                                            {14, 1.69, 1.61},
                                            {16, 1.74, 1.62},
                                            {20, 1.755, 1.62},
                                            {60, 1.745, 1.61},
                                            {85, 1.71, 1.56}}};

/// Draws the visitors of a day, party by party.
class Day {
 public:
  explicit Day(Random& random) : random_(random) {}

  void family(double at_s) {
    begin_party(at_s, random_.between(3600, 4 * 3600));
    const int64_t grown_ups = random_.whole(1, 2);
    for (int64_t i = 0; i < grown_ups; ++i) add(24, 50);
    const size_t minder = people_.size() - 1;
    const int64_t children = random_.whole(1, 3);
    for (int64_t i = 0; i < children; ++i) {
      // A grown-up minds at most one toddler.
      if (i == 0 && random_.chance(0.35)) {
        add(1.5, 3.9);
        people_[minder].minds_toddler = true;
        people_.back().minded_by = people_[minder].id;
      } else {
        add(4, 16);
      }
    }
  }
  void friends(double at_s) {
    begin_party(at_s, random_.between(3600, 3 * 3600));
    for (int64_t i = random_.whole(2, 5); i > 0; --i) add(13, 25);
  }
  void lane_swimmer(double at_s) {
    begin_party(at_s, random_.between(1500, 4500));
    add(25, 80);
  }
  void birthday(double at_s) {
    begin_party(at_s, random_.between(2 * 3600, 3 * 3600));
    for (int64_t i = random_.whole(2, 3); i > 0; --i) add(28, 50);
    for (int64_t i = random_.whole(5, 10); i > 0; --i) add(5, 12);
  }
  void cleaner(double at_s) {
    begin_party(at_s, random_.between(1200, 2700));
    add(20, 60);
    people_.back().is_cleaner = true;
  }
  /// A lifeguard from one time to another.
  void lifeguard(double from_s, double to_s) {
    begin_party(from_s, to_s - from_s);
    add(18, 55);
    people_.back().is_lifeguard = true;
  }

  std::vector<Person> take() {
    std::ranges::stable_sort(people_, {}, &Person::arrives_s);
    return std::move(people_);
  }

 private:
  /// Begins a party that arrives at a time and stays for a while.
  void begin_party(double at_s, double stays_s) {
    ++party_;
    at_s_ = at_s;
    until_s_ = at_s + stays_s;
  }
  void add(double min_years, double max_years) {
    Person person = random_person(random_, min_years, max_years);
    person.id = static_cast<int64_t>(people_.size()) + 1;
    person.party = party_;
    person.arrives_s = at_s_ + random_.between(0, 20);
    person.leaves_s = until_s_ + random_.between(0, 60);
    people_.push_back(person);
  }

  Random& random_;
  std::vector<Person> people_;
  int64_t party_ = 0;
  double at_s_ = 0, until_s_ = 0;
};

}  // namespace

AgeGroup Person::group() const {
  if (age_years < 4) return AgeGroup::kToddler;
  if (age_years < 13) return AgeGroup::kChild;
  if (age_years < 18) return AgeGroup::kTeenager;
  return age_years < 65 ? AgeGroup::kAdult : AgeGroup::kElder;
}

Stature stature_of(double age_years, bool female) {
  const double years = std::clamp(age_years, kStatures.front().years, kStatures.back().years);
  size_t i = 1;
  while (i + 1 < kStatures.size() && kStatures[i].years < years) ++i;
  const Row &a = kStatures[i - 1], &b = kStatures[i];
  const double along = (years - a.years) / (b.years - a.years);
  const double median =
      female ? a.girl_m + along * (b.girl_m - a.girl_m) : a.boy_m + along * (b.boy_m - a.boy_m);
  return {median, 0.042 * median};
}

Person random_person(Random& random, double min_years, double max_years) {
  Person person;
  person.age_years = random.between(min_years, max_years);
  person.female = random.chance(0.5);
  const Stature stature = stature_of(person.age_years, person.female);
  person.stature_m =
      stature.median_m + stature.deviation_m * std::clamp(random.normal(), -2.5, 2.5);
  return person;
}

std::vector<Person> random_day(Random& random, int weekday, double busy) {
  constexpr double kHour_s = 3600, kOpens_h = 9, kCloses_h = 20;
  Day day(random);
  day.cleaner(random.between(7, 8) * kHour_s);
  // Two shifts, which overlap at noon.
  constexpr double kNoon_h = 14.5, kOverlap_h = 0.25;
  day.lifeguard((kOpens_h - 0.25) * kHour_s, (kNoon_h + kOverlap_h) * kHour_s);
  day.lifeguard((kNoon_h - kOverlap_h) * kHour_s, (kCloses_h + 0.75) * kHour_s);
  const bool weekend = weekday >= 5;
  const auto come = [&](double each_day, double from_h, double to_h, auto arrive) {
    // Poisson process between two hours.
    const double mean_s = (to_h - from_h) * kHour_s / (each_day * busy);
    for (double at_s = from_h * kHour_s + random.exponential(mean_s); at_s < to_h * kHour_s;
         at_s += random.exponential(mean_s))
      arrive(at_s);
  };
  come(weekend ? 5 : 2, kOpens_h + 0.5, kCloses_h - 3, [&](double s) { day.family(s); });
  come(weekend ? 1.5 : 1, kOpens_h + 3, kCloses_h - 2, [&](double s) { day.friends(s); });
  come(3, kOpens_h, kCloses_h - 1, [&](double s) { day.lane_swimmer(s); });
  come(weekend ? 0.3 : 0.03, kOpens_h + 4, kCloses_h - 4, [&](double s) { day.birthday(s); });
  return day.take();
}

}  // namespace lido::synth
