<CsoundSynthesizer>
; Formant from Csound: start formant-node osc first, then: csound formant.csd
<CsOptions>
-odac -+rtaudio=dummy -d -m0
</CsOptions>
<CsInstruments>
sr = 48000
ksmps = 48
nchnls = 1
0dbfs = 1

; p4: id, p5: pitch as a MIDI number with decimals, p6: effort 0 ... 1. The vowel goes from the first to the last.
instr 1
  OSCsend 1, "127.0.0.1", 9000, "/formant/note", "iff", p4, p5, p6
  kvowel line 0, p3, 1
  ktick = int(timeinsts() * 50)
  OSCsend ktick, "127.0.0.1", 9000, "/formant/vowel", "if", p4, kvowel
  schedule 2, p3, 0.1, p4
endin

instr 2
  OSCsend 1, "127.0.0.1", 9000, "/formant/off", "i", p4
endin
</CsInstruments>
<CsScore>
i1 0   1.0 1 60    0.5
i1 0.2 0.8 2 63.86 0.6
i1 0.4 0.6 3 67.02 0.7
e 1.5
</CsScore>
</CsoundSynthesizer>
