using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Cli.Tests.Running;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Cli.Tests.BadInput;

/// <summary>Files that are no models, or break ONNX's rules.</summary>
internal static class BadModels
{
    public static IEnumerable<BadCase> Cases =>
    [
        Model("a text is no ONNX file", "hello, this is no model\n"u8.ToArray(), "'model.onnx'", "ONNX"),
        Model("an empty file is no ONNX file", [], "'model.onnx'"),
        Model("a picture is no ONNX file", Bundled.Png(8, 8, new byte[64]), "'model.onnx'", "PNG"),
        Model("random bytes are no ONNX file", Noise(), "'model.onnx'"),
        new("a file that is not there", _ => ["inspect", "nothing.onnx"], "'nothing.onnx'"),
        new("a folder is no model", folder => ["inspect", Directory.CreateDirectory(Path.Combine(folder, "models")).FullName], "models"),
        Model("a file that was cut in its middle", Cut(2), "'model.onnx'"),
        Model("a file that lacks its last bytes", Cut(1), "'model.onnx'"),
        Model("a weight that is not in the file", Models.With(m => m.Graph.Initializer.RemoveAt(1)), "'weight'", "'Gemm_logits'"),
        Model("a graph that runs in a circle", Models.With(m => m.Graph.Node[0].Input[0] = "feature"), "'Conv_map'"),
        Model("raw data of the wrong length", Models.With(m => m.Graph.Initializer[1].RawData = ByteString.CopyFrom(new byte[15])), "'weight'", "16", "15"),
        Model("absurd dimensions", Models.With(m => Dims(m.Graph.Initializer[1], long.MaxValue, 4)), "'weight'", "9223372036854775807"),
        Model("dimensions whose product overflows", Models.With(m => Dims(m.Graph.Initializer[1], 1L << 32, 1L << 32)), "'weight'", "4294967296"),
        Model("a negative dimension", Models.With(m => Dims(m.Graph.Initializer[1], -2, 2)), "'weight'", "-2"),
        External("external data under an absolute path", folder => Path.Combine(folder, "outside.bin"), "outside.bin"),
        External("external data beside the model's folder", _ => "../outside.bin", "../outside.bin"),
        External("external data through a link out of the model's folder", folder =>
        {
            File.CreateSymbolicLink(Path.Combine(folder, "in", "linked.bin"), Path.Combine(folder, "outside.bin"));
            return "linked.bin";
        }, "linked.bin"),
        External("external data that is not there", _ => "missing.bin", "missing.bin"),
    ];

    static BadCase Model(string name, byte[] bytes, params string[] says) => new(name, folder =>
    {
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), bytes);
        return ["inspect", "model.onnx"];
    }, says);

    static BadCase External(string name, Func<string, string> location, params string[] says) => new(name, folder =>
    {
        Directory.CreateDirectory(Path.Combine(folder, "in"));
        File.WriteAllBytes(Path.Combine(folder, "outside.bin"), new byte[16]);
        string at = location(folder);
        File.WriteAllBytes(Path.Combine(folder, "in", "model.onnx"), Models.With(m =>
        {
            TensorProto weight = m.Graph.Initializer[1];
            weight.ClearRawData();
            weight.DataLocation = DataLocation.External;
            weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = at });
            weight.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = "16" });
        }));
        return ["inspect", Path.Combine("in", "model.onnx")];
    }, ["'weight'", .. says]);

    static byte[] Cut(int divisor)
    {
        byte[] whole = File.ReadAllBytes(Bundled.Teacher("digits_resnet"));
        return whole[..(divisor == 1 ? whole.Length - 7 : whole.Length / divisor)];
    }

    static byte[] Noise()
    {
        byte[] bytes = new byte[4096];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    static void Dims(TensorProto tensor, params long[] dims)
    {
        tensor.Dims.Clear();
        tensor.Dims.AddRange(dims);
    }
}
