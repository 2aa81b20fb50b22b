using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>The recipe's words for the values of an enum.</summary>
internal sealed class Words<T>(params (string Word, T Value)[] pairs) where T : struct, Enum
{
    public IEnumerable<string> All => pairs.Select(p => p.Word);

    /// <summary><c>'a', 'b' or 'c'</c>.</summary>
    public string Listed => Words.Quoted(All);

    public T? Find(string word)
    {
        foreach (var pair in pairs)
            if (pair.Word == word)
                return pair.Value;
        return null;
    }

    public string Of(T value) => pairs.First(p => EqualityComparer<T>.Default.Equals(p.Value, value)).Word;
}

/// <summary>Every word list of the recipe.</summary>
internal static class Words
{
    public static readonly Words<ImageLayout> Layout = new(("nchw", ImageLayout.Nchw), ("nhwc", ImageLayout.Nhwc));
    public static readonly Words<ImageDtype> Dtype = new(("float32", ImageDtype.Float32), ("float16", ImageDtype.Float16), ("uint8", ImageDtype.UInt8));
    public static readonly Words<ColorOrder> Order = new(("rgb", ColorOrder.Rgb), ("bgr", ColorOrder.Bgr));
    public static readonly Words<ResizeMode> Resize = new(("stretch", ResizeMode.Stretch), ("shorter_side", ResizeMode.ShorterSide));
    public static readonly Words<Interpolation> Interpolation = new(
        ("nearest", Graphs.Metadata.Interpolation.Nearest), ("bilinear", Graphs.Metadata.Interpolation.Bilinear), ("bicubic", Graphs.Metadata.Interpolation.Bicubic));
    public static readonly Words<HeadMode> Head = new(("replace", HeadMode.Replace), ("keep", HeadMode.Keep));
    public static readonly Words<WeightsMode> Weights = new(("keep", WeightsMode.Keep), ("random", WeightsMode.Random));
    public static readonly Words<NormalisationMode> Normalisation = new(
        ("keep", NormalisationMode.Keep), ("refresh", NormalisationMode.Refresh), ("insert", NormalisationMode.Insert));
    public static readonly Words<SourceKind> Source = new(
        ("idx", SourceKind.Idx), ("cifar10", SourceKind.Cifar10), ("cifar100", SourceKind.Cifar100), ("folder", SourceKind.Folder), ("csv", SourceKind.Csv));
    public static readonly Words<LabelMode> Labels = new(
        ("concat", LabelMode.Concat), ("joint", LabelMode.Joint), ("restricted", LabelMode.Restricted), ("gated", LabelMode.Gated));
    public static readonly Words<GateKind> Gate = new(
        ("domain", GateKind.Domain), ("energy", GateKind.Energy), ("standardised", GateKind.Standardised),
        ("calibrated", GateKind.Calibrated), ("density", GateKind.Density), ("statistics", GateKind.Statistics), ("clusters", GateKind.Clusters), ("refined", GateKind.Refined));
    public static readonly Words<GateEvidenceKind> Evidence = new(
        ("energy", GateEvidenceKind.Energy), ("density", GateEvidenceKind.Density), ("statistics", GateEvidenceKind.Statistics));
    public static readonly Words<Standardisation> Standardise = new(("none", Standardisation.None), ("ema", Standardisation.Ema), ("offline", Standardisation.Offline), ("phi_s", Standardisation.PhiS));
    public static readonly Words<CommonForm> CommonForm = new(("published", Recipes.CommonForm.Published), ("kae", Recipes.CommonForm.Kae));
    public static readonly Words<MmdForm> MmdForm = new(("map", Recipes.MmdForm.Map), ("pooled", Recipes.MmdForm.Pooled), ("location", Recipes.MmdForm.Location));
    public static readonly Words<ScoreKind> Scores = new(("softmax", ScoreKind.Softmax), ("sigmoid", ScoreKind.Sigmoid));
    public static readonly Words<ContrastPairs> Pairs = new(("all", ContrastPairs.All), ("student", ContrastPairs.Student), ("teachers", ContrastPairs.Teachers));
    public static readonly Words<OptimizerKind> Optimizer = new(("adam", OptimizerKind.Adam), ("adamw", OptimizerKind.AdamW), ("sgd", OptimizerKind.Sgd));
    public static readonly Words<CacheDtype> CacheDtype = new(("float16", Recipes.CacheDtype.Float16), ("float32", Recipes.CacheDtype.Float32));
    public static readonly Words<FirstWeights> First = new(("keep", FirstWeights.Keep), ("default", FirstWeights.Default), ("kaiming_normal", FirstWeights.KaimingNormal));
    public static readonly Words<Precision> Precision = new(("fp32", Recipes.Precision.Fp32), ("bf16", Recipes.Precision.Bf16), ("auto", Recipes.Precision.Auto));

    /// <summary>The remedy for a word that is not in a list: <c>; did you mean 'x'?</c>, or nothing where none is near.</summary>
    public static string DidYouMean(string word, IEnumerable<string> words) =>
        NearestName.To(word, words, share: 0.4) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary><c>'a', 'b', 'c'</c>.</summary>
    public static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(n => $"'{n}'"));
}
