/* The mapping for C, without Python: one touch and a compiled preset in, voices out. touch/mapping.pyx implements it.

   A compiled preset is one array of doubles (touch/code.pxd). The numbers of a voice are FORMANT_VALUES doubles
   (touch/numbers.pxd). A NaN stands for a number that is not known. Nothing is checked: a preset must come from
   model/presets.py, and the numbers of a touch must be finite or NaN. */
#ifndef FORMANT_TOUCH_H
#define FORMANT_TOUCH_H

#include "event.h"

enum { FORMANT_VALUES = 57, FORMANT_MOST_SINGERS = 64 };

/* Number of voices that one touch takes, 1 … 64. */
int formant_touch_singers(const double *code);

/* Pitch, Hz. x: 0 … 1, clamped, NaN: 0.5; note: MIDI number, NaN: x counts. */
double formant_touch_pitch(const double *code, double x, double note);

/* Effort 0 … 1 of a pressure z, 0 … 1, clamped. NaN: the preset's own effort. */
double formant_touch_effort(const double *code, double z);

/* The voices of one touch; returns their number and writes double[voices][FORMANT_VALUES].
   backness, openness   a place on a plane of vowels instead of y; NaN: y counts
   vel                  how hard a key was struck, 0 … 1; NaN: not known
   lease_s              seconds after which a voice without a further event is released; 0: never
   width                0 … 1: how far the surface is spread over the loudspeakers */
int formant_touch_voices(const double *code, double x, double y, double z, double note, double backness, double openness,
                         double vel, double lease_s, double width, double *values);

/* Fills all of an event but its frame, its key and its kind from the numbers of a voice (bank/core.pyx). */
void formant_voice_event(formant_event_t *event, const double *values, double sample_rate);

#endif
