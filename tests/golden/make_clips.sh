#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a small clip for every codec, container and stream structure that ingest must read exactly.
# Usage: make_clips.sh FOLDER. Files already there are kept.
set -eu
out=$1
rare=$(cd "$(dirname "$0")" && pwd)/make_rare.py
mkdir -p "$out"
cd "$out"

source="testsrc2=s=320x180:r=30,noise=alls=12:allf=t:all_seed=7,format=yuv420p"

# make FILE [-i source options...] encoder options...: six seconds of the moving test picture
make() {
  file=$1
  shift
  [ -s "$file" ] && return
  ffmpeg -v error -nostdin -y -f lavfi -t ${seconds:-6} -i "$source" "$@" "partial-$file"
  mv "partial-$file" "$file"
}
# remake FILE INPUT options...: the frames of another clip in another container
remake() {
  file=$1
  input=$2
  shift 2
  [ -s "$file" ] && return
  ffmpeg -v error -nostdin -y -i "$input" "$@" "partial-$file"
  mv "partial-$file" "$file"
}
x264="-c:v libx264 -preset veryfast -threads 1"
x265="-c:v libx265 -preset ultrafast -x265-params log-level=none:pools=none:frame-threads=1"

make h264_b.mp4 $x264 -bf 2 -refs 3 -g 60 -x264-params b-pyramid=normal
make h264_open_gop.mp4 $x264 -bf 3 -g 30 -x264-params open-gop=1:b-pyramid=normal
make h264_no_b.mp4 $x264 -bf 0 -g 50
make h264_slices.mp4 $x264 -bf 2 -g 45 -x264-params slices=4
make h264_mbaff.mp4 $x264 -bf 2 -g 48 -flags +ildct+ilme -x264-params interlaced=1:tff=1
make h264_intra_refresh.mp4 $x264 -bf 0 -g 30 -x264-params intra-refresh=1
make h264_long_gop.mp4 $x264 -bf 2 -g 1000
make h264_10bit.mp4 $x264 -pix_fmt yuv420p10le -bf 2 -g 30
make h264_422.mov $x264 -pix_fmt yuv422p -bf 2 -g 30
make h264_ntsc.mp4 -r 30000/1001 $x264 -bf 2 -g 40
make hevc_b.mp4 $x265:bframes=2:b-pyramid=1:keyint=60:min-keyint=60:scenecut=0 -tag:v hvc1
make hevc_closed.mp4 $x265:bframes=3:keyint=30:open-gop=0 -tag:v hvc1
make hevc_layers.mp4 $x265:bframes=3:temporal-layers=3:keyint=48:b-adapt=0 -tag:v hvc1
make hevc_refs.mp4 $x265:bframes=4:ref=4:b-adapt=0:keyint=40:min-keyint=40:scenecut=0 -tag:v hvc1
make hevc_short_numbers.mp4 \
  $x265:log2-max-poc-lsb=4:bframes=3:b-adapt=0:keyint=90:scenecut=0 -tag:v hvc1
# Scaling lists of our own take hundreds of bits in the sequence parameter set, before what counts.
awk 'BEGIN {
for (size = 4; size <= 32; size *= 2) for (side = 1; side <= 2; side++)
for (plane = 1; plane <= (size < 32 ? 3 : 1); plane++) {
  name = (side == 1 ? "INTRA" : "INTER") size "X" size "_"
  name = name (plane == 1 ? "LUMA" : plane == 2 ? "CHROMAU" : "CHROMAV")
  print name " ="
  for (i = 0; i < (size == 4 ? 16 : 64); i++) printf "%d, ", 16 + (i * 7 + size + side * 5) % 23
  if (size >= 16) print "\n" name "_DC =\n20"; else print "" } }' > partial-lists.txt
make hevc_slices.mp4 \
  $x265:slices=2:scaling-list=partial-lists.txt:bframes=3:b-adapt=0:keyint=45:scenecut=0 -tag:v hvc1
make hevc_10bit.mkv -pix_fmt yuv420p10le $x265:keyint=30
make vp9.webm -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 45 -b:v 600k -threads 1
make vp9_alt_ref.mkv -c:v libvpx-vp9 -deadline good -cpu-used 5 -g 60 \
  -auto-alt-ref 1 -lag-in-frames 16 -b:v 400k -threads 1
make vp8.webm -c:v libvpx -deadline realtime -cpu-used 8 -g 45 -b:v 600k -threads 1
make av1.mp4 -c:v libaom-av1 -usage realtime -cpu-used 8 -g 45 -b:v 500k -threads 1
seconds=2 make av1.mkv -c:v libaom-av1 -usage good -cpu-used 8 \
  -lag-in-frames 8 -g 30 -b:v 500k -threads 1
make mjpeg.avi -c:v mjpeg -q:v 5
make mjpeg.mov -pix_fmt yuvj422p -c:v mjpeg -q:v 5
make mpeg4.avi -c:v mpeg4 -bf 0 -g 40 -q:v 5
make mpeg2.ts -c:v mpeg2video -bf 2 -g 15 -q:v 5
make mpeg2.mpg -c:v mpeg2video -bf 2 -g 15 -q:v 5
make variable_rate.mp4 \
  -vf "select='not(mod(n\,7))+not(mod(n\,11))',setpts='PTS+0.01*mod(N\,3)/TB'" -fps_mode vfr \
  -video_track_timescale 90000 $x264 -bf 2 -g 20
make pause.mkv -vf "setpts='if(gt(N\,70)\,PTS+7/TB\,PTS)'" -fps_mode passthrough $x264 -bf 2 -g 30
seconds=2 make small.ts $x264 -bf 0 -g 30 -s 160x90 -output_ts_offset 2 -f mpegts
seconds=2 make large.ts $x264 -bf 0 -g 30 -f mpegts
[ -s size_changes.ts ] || cat large.ts small.ts > size_changes.ts
rm -f small.ts large.ts
# Without noise or sharp edges, to compare colours and places by eye and by number.
source="testsrc2=s=320x180:r=30,gblur=sigma=8,format=yuv420p"
seconds=1
make look.mp4 $x264 -crf 10 -bf 2 -g 30
make look_10bit.mp4 $x264 -crf 10 -pix_fmt yuv420p10le -g 30
make look_422.mov $x264 -crf 10 -pix_fmt yuv422p -g 30
make look_444.mp4 $x264 -crf 10 -pix_fmt yuv444p -g 30
make look_full_range.mp4 -vf "scale=out_range=full,format=yuvj420p" $x264 -crf 10 -g 30
make look_grey.mp4 -pix_fmt gray $x264 -crf 10 -bf 0 -g 30
make look_bt709.mp4 -vf "scale=out_color_matrix=bt709" -colorspace bt709 $x264 -crf 10 -g 30
make look_mjpeg.avi -c:v mjpeg -q:v 2
make look_rgb.mkv -pix_fmt bgr0 -c:v ffv1
make look_odd.mkv -vf scale=321:179 $x264 -crf 10 -pix_fmt yuv444p -g 30
make anamorphic.mp4 -vf "scale=240:180,setsar=4/3" $x264 -crf 10 -bf 2 -g 30

[ -s hevc_sets.mkv ] || python3 "$rare" .

remake paff.ts paff.mkv -c copy
remake svc_t.mp4 svc_t.mkv -c copy
remake h264_b.mkv h264_b.mp4 -c copy
remake h264_b.ts h264_b.mp4 -c copy
remake h264_b.h264 h264_b.mp4 -c copy
remake h264_no_b.avi h264_no_b.mp4 -c copy
remake h264_no_b.h264 h264_no_b.mp4 -c copy
remake h264_fragmented.mp4 h264_b.mp4 -c copy \
  -movflags frag_keyframe+empty_moov+default_base_moof
remake h264_moov_first.mp4 h264_b.mp4 -c copy -movflags +faststart
remake hevc_b.ts hevc_b.mp4 -c copy
remake hevc_b.mkv hevc_b.mp4 -c copy
remake hevc_b.hevc hevc_b.mp4 -c copy
remake h264_open_gop.ts h264_open_gop.mp4 -c copy
remake edit_list.mp4 h264_b.mp4 -c copy -video_track_timescale 90000
[ -s edit_list_cut.mp4 ] ||
  ffmpeg -v error -nostdin -y -ss 2.3 -i h264_open_gop.mp4 -c copy edit_list_cut.mp4
remake rotated.mp4 look.mp4 -c copy -metadata:s:v:0 rotate=90
remake rotated_left.mp4 look.mp4 -c copy -metadata:s:v:0 rotate=270
[ -s upside_down.mp4 ] ||
  ffmpeg -v error -nostdin -y -i look.mp4 -c copy -metadata:s:v:0 rotate=180 upside_down.mp4
[ -s with_sound.mp4 ] ||
  ffmpeg -v error -nostdin -y -i h264_b.mp4 \
    -f lavfi -i sine=d=8 -c:v copy -c:a aac with_sound.mp4
rm -f partial-*

# 160 still seconds. A body crosses it at 20 to 24 s; at 100 to 103 s it creeps 18 pixels.
mkdir -p night
cd night
seconds=160
source="gradients=s=320x180:r=30:d=160:speed=0.00001:seed=3:c0=0x304050:c1=0x90a0b0,
  drawgrid=w=40:h=30:t=1:c=0x203040[still];
  color=c=0xd0a080:s=18x40:r=30:d=160[body];
  [still][body]overlay=y=90:
    x='if(between(t,20,24),(t-20)*75,if(between(t,100,103),200+(t-100)*6,-50))',
  noise=alls=6:allf=t:all_seed=7,format=yuv420p"
make h264.mp4 $x264 -g 60 -bf 2
make h264_cbr.ts $x264 -g 60 -bf 0 -b:v 300k -minrate 300k -maxrate 300k -bufsize 300k \
  -x264-params nal-hrd=cbr
make hevc.mkv $x265:keyint=60:bframes=2
