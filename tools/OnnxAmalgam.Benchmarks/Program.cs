using OnnxAmalgam.Benchmarks;

string repository = Directory.GetCurrentDirectory();
Setting setting = args[0] == "cifar" ? Setting.Cifar(repository) : Setting.Resnets(args[4]);
StepWorker.Serve(setting, args[1], args[2], int.Parse(args[3]), 2048);
