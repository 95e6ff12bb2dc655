// Renders many instances of the voice that Faust compiled, hop by hop, with parameters read from a file, and times it.
// usage: main TABLE VOICES HOPS [OUT]; TABLE is float32[hops][voices][32]: (start, step) of inc, then nu, k, gain of
// each formant
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>
#define FAUSTFLOAT float
struct Meta { void declare(const char*, const char*) {} };
struct UI {
    std::map<std::string, float*> zone;
    void openVerticalBox(const char*) {}
    void closeBox() {}
    void declare(float*, const char*, const char*) {}
    void addNumEntry(const char* label, float* z, float, float, float, float) { zone[label] = z; }
};
struct dsp { virtual ~dsp() {} };
<<includeIntrinsic>>
<<includeclass>>
int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const int voices = atoi(argv[2]), hops = atoi(argv[3]), hop = 64;
    std::vector<float> table(size_t(hops) * voices * 32);
    FILE* f = fopen(argv[1], "rb");
    if (!f || fread(table.data(), 4, table.size(), f) != table.size()) return 3;
    fclose(f);
    std::vector<std::unique_ptr<Voice>> voice;
    std::vector<std::vector<float*>> zone;
    for (int v = 0; v < voices; v++) {
        voice.emplace_back(new Voice);
        voice.back()->init(48000);
        UI ui;
        voice.back()->buildUserInterface(&ui);
        std::vector<std::string> names{"inc"};
        for (const char* row : {"nu", "k", "gain"})
            for (int j = 0; j < 5; j++) names.push_back(row + std::to_string(j));
        zone.emplace_back();
        for (auto& n : names)
            for (const char* end : {".a", ".step"}) {
                if (!ui.zone.count(n + end)) return 4;
                zone.back().push_back(ui.zone[n + end]);
            }
    }
    std::vector<float> out(size_t(hops) * hop);
    alignas(64) float y[64];
    float* outs[] = {y};
    const std::clock_t began = std::clock(); // processor time
    for (int h = 0; h < hops; h++)
        for (int v = 0; v < voices; v++) {
            const float* row = &table[(size_t(h) * voices + v) * 32];
            for (int p = 0; p < 32; p++) *zone[v][p] = row[p];
            voice[v]->compute(hop, nullptr, outs);
            for (int i = 0; i < hop; i++) out[size_t(h) * hop + i] += y[i];
        }
    const double s = double(std::clock() - began) / CLOCKS_PER_SEC;
    printf("%.9f\n", s);
    if (argc > 4) {
        f = fopen(argv[4], "wb");
        fwrite(out.data(), 4, out.size(), f);
        fclose(f);
    }
}
