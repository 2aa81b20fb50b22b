using OnnxAmalgam.Cli.Tests.Running;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>A wrong command line is one line on stderr and exit code 1, with the nearest name where there is one.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("unknown command 'trian'; did you mean 'train'?", "trian", "recipe.yaml")]
    [InlineData("unknown command 'frobnicate'", "frobnicate")]
    [InlineData("expected a command: init, train, ")]
    [InlineData("unknown option '--jsno'; did you mean '--json'?", "inspect", "model.onnx", "--jsno")]
    [InlineData("unknown option '--bogus'; a name that starts with '-' goes behind --", "bench", "--bogus", "model.onnx")]
    [InlineData("--opset: expected 7 to 23, got 24", "export", "run", "-o", "x.onnx", "--opset", "24")]
    [InlineData("--opset: expected a whole number of at least 7, got '6'", "export", "run", "-o", "x.onnx", "--opset", "6")]
    [InlineData("--shape: expected a model to go with it, got a run", "export", "run", "-o", "x.onnx", "--shape", "h=3")]
    [InlineData("unknown option '--int8'; did you mean '--precision int8'?", "export", "run", "-o", "x.onnx", "--int8")]
    [InlineData("--precision: expected fp32, fp16 or int8, got 'int4'", "export", "run", "-o", "x.onnx", "--precision", "int4")]
    [InlineData("--max-drop: expected a number from 0 to 1, got '2'", "export", "run", "-o", "x.onnx", "--precision", "int8", "--max-drop", "2")]
    [InlineData("--keep: expected --precision int8 to go with it", "export", "run", "-o", "x.onnx", "--keep", "conv1")]
    [InlineData("unknown command 'fuse'", "fuse", "model.onnx", "Conv")]
    [InlineData("--threads: expected a whole number from 1 to 1024, got '2000'", "doctor", "--threads", "2000")]
    [InlineData("--set train.seed: expected seeds from --seed and --seeds", "compare", "models/demo/recipe.yaml", "--set", "train.seed=7")]
    [InlineData("expected MODEL, got none", "inspect")]
    [InlineData("expected --output FILE, got none", "export", "run")]
    [InlineData("expected --recipe RECIPE, got none", "evaluate", "run")]
    [InlineData("expected no more arguments, got 'b.onnx'", "inspect", "a.onnx", "b.onnx")]
    [InlineData("expected no more arguments, got 'train.epochs=5'; did you mean --set train.epochs=5?", "train", "r.yaml", "train.epochs=5")]
    [InlineData("expected recipes, got 'train.epochs=5'; did you mean --set train.epochs=5?", "compare", "models/demo/recipe.yaml", "train.epochs=5")]
    [InlineData("--set: expected path.to.key=value, got 'epochs'; for example --set train.epochs=5", "train", "r.yaml", "--set", "epochs")]
    [InlineData("--shape: expected NAME=SIZE or NAME=SIZExSIZEx..., got 'big'", "bench", "a.onnx", "--shape", "big")]
    [InlineData("--device: expected auto, cpu, cuda or cuda:N, got 'tpu'", "doctor", "--device", "tpu")]
    [InlineData("--threads: expected a whole number of at least 1, got '0'", "doctor", "--threads", "0")]
    [InlineData("--batch: expected whole numbers of at least 1, separated by commas, got '1,x'", "bench", "a.onnx", "--batch", "1,x")]
    [InlineData("--top: expected a whole number of at least 1, got '0'", "predict", "a.onnx", "b.png", "--top", "0")]
    [InlineData("expected MODEL-or-RUN and --recipe RECIPE, got none", "evaluate")]
    [InlineData("expected RUN-or-MODEL, got none", "export", "-o", "x.onnx")]
    [InlineData("--output: expected FILE, got none", "export", "run", "-o")]
    [InlineData("--threads: expected N, got none", "doctor", "--threads")]
    [InlineData("--csv -: expected one document on stdout, got --json beside it", "evaluate", "a.onnx", "--recipe", "r.yaml", "--csv", "-", "--json")]
    [InlineData("--csv -: expected one document on stdout, got --json beside it", "bench", "a.onnx", "--json", "--csv", "-")]
    [InlineData("--csv -: expected one document on stdout, got --json beside it", "check", "a.onnx", "--csv", "-", "--json")]
    [InlineData("--csv -: expected one document on stdout, got --json beside it", "predict", "a.onnx", "b.png", "--csv", "-", "--json")]
    [InlineData("--csv -: expected one document on stdout, got --json beside it", "compare", "a.yaml", "--csv=-", "--json")]
    [InlineData("-o -: expected one document on stdout, got --json beside it", "search", "models/demo/recipe.yaml", "-o", "-", "--recipe", "x.yaml", "--json")]
    [InlineData("--recipe: expected the name of a file, got '-'", "search", "models/demo/recipe.yaml", "-o", "w.csv", "--recipe", "-")]
    [InlineData("-o: expected the name of an .onnx file, got '-'", "extract", "a.onnx", "--outputs", "x", "-o", "-")]
    [InlineData("-o: expected the name of an .onnx file, got '-'", "pretrain", "r.yaml", "-o", "-")]
    [InlineData("--rate: expected a number of at least 0, got '-1'", "search", "r.yaml", "-o", "w.csv", "--rate", "-1")]
    [InlineData("expected a RECIPE beside --set, got none", "train", "--resume", "-o", "run", "--set", "train.epochs=2")]
    [InlineData("expected a RECIPE beside --seed, got none", "train", "--resume", "-o", "run", "--seed", "2")]
    [InlineData("expected a RECIPE, got none", "train")]
    [InlineData("unknown option '--resume=newer'; did you mean '--resume=older'?", "train", "--resume=newer")]
    [InlineData("--as: expected --recipe beside it", "predict", "a.onnx", "b.png", "--as", "x")]
    public void A_wrong_command_line_is_named(string expected, params string[] arguments)
    {
        CliResult result = InProcess.Run(arguments).Ends(1);
        Assert.Equal("", result.Output);
        string line = Assert.Single(result.ErrorLines);
        Assert.StartsWith("onnx-amalgam: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.EndsWith("--help)", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_response_file_is_no_argument()
    {
        CliResult result = InProcess.Run("inspect", "@nothing.rsp").Ends(2);
        Assert.Contains("@nothing.rsp", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_an_error_came_from_is_shown_only_when_asked_for()
    {
        Assert.DoesNotContain("   at OnnxAmalgam", InProcess.Run("inspect", "nothing.onnx").Ends(2).Error, StringComparison.Ordinal);
        Assert.Contains("   at OnnxAmalgam", InProcess.Run("inspect", "nothing.onnx", "--verbose").Ends(2).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evaluate", "a.onnx", "--recipe", "r.yaml", "--csv", "nowhere/t.csv")]
    [InlineData("diagnose", "r.yaml", "--csv", "nowhere/t.csv")]
    [InlineData("compare", "r.yaml", "--page", "nowhere/t.html")]
    [InlineData("pretrain", "r.yaml", "-o", "nowhere/t.onnx")]
    public void Where_nothing_can_be_written_no_work_is_begun(params string[] arguments) =>
        Assert.Contains($"'{arguments[^1]}': expected an existing folder", Assert.Single(InProcess.Run(arguments).Ends(2).ErrorLines), StringComparison.Ordinal);
}
