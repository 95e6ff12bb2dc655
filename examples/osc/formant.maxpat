{
 "patcher": {
  "fileversion": 1,
  "appversion": {
   "major": 8,
   "minor": 6,
   "revision": 0,
   "architecture": "x64",
   "modernui": 1
  },
  "classnamespace": "box",
  "rect": [
   60.0,
   100.0,
   780.0,
   240.0
  ],
  "boxes": [
   {
    "box": {
     "id": "c",
     "maxclass": "comment",
     "text": "Formant from Max (this patch was not tried in Max): start formant-node osc first. id, pitch (MIDI number with decimals), velocity",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      15,
      685,
      22
     ]
    }
   },
   {
    "box": {
     "id": "on",
     "maxclass": "message",
     "text": "/formant/note 1 60. 0.7",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      20,
      60,
      181,
      22
     ],
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "off",
     "maxclass": "message",
     "text": "/formant/off 1",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      220,
      60,
      118,
      22
     ],
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "v",
     "maxclass": "flonum",
     "numinlets": 1,
     "numoutlets": 2,
     "outlettype": [
      "",
      "bang"
     ],
     "parameter_enable": 0,
     "minimum": 0.0,
     "maximum": 1.0,
     "patching_rect": [
      380,
      60,
      60,
      22
     ]
    }
   },
   {
    "box": {
     "id": "vp",
     "maxclass": "newobj",
     "text": "prepend /formant/vowel 1",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      380,
      100,
      188,
      22
     ],
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "l",
     "maxclass": "flonum",
     "numinlets": 1,
     "numoutlets": 2,
     "outlettype": [
      "",
      "bang"
     ],
     "parameter_enable": 0,
     "minimum": 0.0,
     "maximum": 1.0,
     "patching_rect": [
      560,
      60,
      60,
      22
     ]
    }
   },
   {
    "box": {
     "id": "lp",
     "maxclass": "newobj",
     "text": "prepend /formant/volume",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      560,
      100,
      181,
      22
     ],
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "udp",
     "maxclass": "newobj",
     "text": "udpsend 127.0.0.1 9000",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      20,
      160,
      174,
      22
     ]
    }
   }
  ],
  "lines": [
   {
    "patchline": {
     "source": [
      "on",
      0
     ],
     "destination": [
      "udp",
      0
     ]
    }
   },
   {
    "patchline": {
     "source": [
      "off",
      0
     ],
     "destination": [
      "udp",
      0
     ]
    }
   },
   {
    "patchline": {
     "source": [
      "v",
      0
     ],
     "destination": [
      "vp",
      0
     ]
    }
   },
   {
    "patchline": {
     "source": [
      "vp",
      0
     ],
     "destination": [
      "udp",
      0
     ]
    }
   },
   {
    "patchline": {
     "source": [
      "l",
      0
     ],
     "destination": [
      "lp",
      0
     ]
    }
   },
   {
    "patchline": {
     "source": [
      "lp",
      0
     ],
     "destination": [
      "udp",
      0
     ]
    }
   }
  ]
 }
}
