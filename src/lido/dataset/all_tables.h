// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/dataset/model_tables.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/truth_tables.h"

// Private to this room.

/// Every row type that is stored, in the order of docs/formats.md. A new one is added here.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): a template cannot instantiate others explicitly.
#define LIDO_ALL_TABLES(DO) \
  DO(SampleRow)             \
  DO(LabelRow)              \
  DO(ClipRow)               \
  DO(SpanRow)               \
  DO(SkippedRow)            \
  DO(GapRow)                \
  DO(RejectedRow)           \
  DO(ObjectRow)             \
  DO(TrackRow)              \
  DO(PoseRow)               \
  DO(MotionRow)             \
  DO(QualityRow)            \
  DO(TruthRow)              \
  DO(VisitorRow)            \
  DO(DangerRow)             \
  DO(LookRow)               \
  DO(FilmedRow)             \
  DO(SeenRow)               \
  DO(LabelBoxRow)           \
  DO(JointRow)              \
  DO(MetricRow)             \
  DO(PredictionRow)         \
  DO(KeypointRow)
