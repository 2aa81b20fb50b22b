using System.Text.Json;
using Onnx;
namespace OnnxAmalgam.Graphs.Tests.Facts;
public sealed class Scratch
{
    [Fact]
    public void Print()
    {
        foreach (var f in Directory.GetFiles("/tmp/gv", "*.onnx").Order())
        {
            var m = new OnnxModel(ModelProto.Parser.ParseFrom(File.ReadAllBytes(f)), Path.GetFileName(f));
            foreach (var t in m.Proto.Graph.Initializer.Where(t => t.DataType == 1 && !t.HasRawData && t.FloatData.Count==0)) { long n=1; foreach (var d in t.Dims) n*=d; if (n <= 1024) t.RawData = Google.Protobuf.ByteString.CopyFrom(new byte[4*n]); }
            var w = System.Diagnostics.Stopwatch.StartNew();
            var facts = OnnxAmalgam.Graphs.Facts.Infer(m);
            var ms = w.ElapsedMilliseconds;
            var expected = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(f, ".json"))).RootElement;
            int same = 0, worse = 0, wrong = 0, better = 0; string first = "";
            foreach (var n in m.Proto.Graph.Node) foreach (var o in n.Output) {
                var e = expected.TryGetProperty(o, out var x) ? x.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? (long?)null : v.GetInt64()).ToArray() : null;
                facts.TryGetValue(o, out var g);
                long? Two(Dim d) => d.Size ?? (d.Symbol == "N" ? 2 : d.Symbol is { } s && s.EndsWith("*N") && long.TryParse(s[..^2], out var k) ? 2*k : null);
                if (g?.Shape is null) { if (e is not null) { worse++; if (worse+wrong < 4) first += $"\n    absent {n.OpType} {n.Name} {o}: expected {string.Join(",", e)}"; } continue; }
                if (e is null) { better++; continue; }
                if ((int)g.Type != e[0] || g.Shape.Count != e.Length - 1) { wrong++; first += $"\n    WRONG {n.OpType} {n.Name} {o}: {g} expected {string.Join(",", e)}"; continue; }
                bool bad=false, unk=false; for (int i=0;i<g.Shape.Count;i++) { var s = Two(g.Shape[i]); if (s is null && e[i+1] is not null) unk = true; if (s is not null && e[i+1] is not null && s != e[i+1]) bad = true; }
                if (bad) { wrong++; if (wrong < 4) first += $"\n    WRONG {n.OpType} {n.Name} {o}: {g} expected {string.Join(",", e)}"; } else if (unk) { worse++; if (worse+wrong < 4) first += $"\n    unknown {n.OpType} {n.Name} {o}: {g} expected {string.Join(",", e)}"; } else same++;
            }
            Console.WriteLine($"{m.Name}: {m.Proto.Graph.Node.Count} nodes {ms} ms same {same} worse {worse} wrong {wrong} better {better}{first}");
            w.Restart();
            var head = OnnxAmalgam.Graphs.Anatomy.Head(m);
            Console.WriteLine($"   logits {OnnxAmalgam.Graphs.Anatomy.Logits(m)} head {head?.Node.Name} {head?.Feature} {head?.Features}->{head?.Classes}");
            Console.WriteLine("   " + OnnxAmalgam.Graphs.Anatomy.AutoTap(m) + " " + facts[OnnxAmalgam.Graphs.Anatomy.AutoTap(m).Value]);
            var c = Costs.Of(m);
            if (m.Name.StartsWith("swin")) { int k=0; foreach (var n in new GraphView(m.Proto.Graph).Nodes) { if (n.Output.Any(o => facts.TryGetValue(o, out var g) && (g.Shape is null || g.Shape.Any(d => d == default)) || !facts.ContainsKey(o))) { Console.WriteLine($"     {n.OpType} {n.Name} ({string.Join(",", n.Input.Select(i => i + ":" + facts.GetValueOrDefault(i)))}) -> {facts.GetValueOrDefault(n.Output[0])}"); if (++k > 6) break; } } }
            Console.WriteLine($"   macs {c.Macs} params {c.Parameters} {w.ElapsedMilliseconds} ms");
        }
    }
}
