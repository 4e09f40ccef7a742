import QuernTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Wrong input: one clear line on standard error, nothing on standard output, status 1.
@Suite struct BadInputTests {
  private func expectFailure(
    _ arguments: [String], _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try quern(arguments)
    #expect(result.status == 1, "\(result)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, "\(result)", sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, "\(result)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("quern: "), "\(result)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(result.errors.contains(part), "\(result)", sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [
    ["summary"], ["train"], ["show", "graph"], ["check"], ["bench"], ["show", "c"],
    ["predict", "--weights", "x"], ["gradient", "--weights", "x", "--batch", "x", "--output", "x"],
  ])
  func unknownModel(_ command: [String]) throws {
    try expectFailure(command + ["nosuch"], ["nosuch", "digits-conv", "lenet"])
  }

  @Test func unknownData() throws {
    try expectFailure(["train", "digits-conv", "--data", "nosuch"], ["nosuch", "fashion-mnist"])
    try expectFailure(["train", "digits-conv", "--data", "/no/such/folder"], ["/no/such/folder"])
    try withTemporaryFolder { folder in
      try expectFailure(
        ["train", "lenet", "--data", folder], [folder, "train-images-idx3-ubyte"])
    }
  }

  @Test("Options that would do nothing are refused")
  func optionsWithoutUse() throws {
    let activation = ["--activation", "relu"]
    for command in [
      ["summary", "lenet"], ["train", "digits-conv"], ["look", "shift", "--weights", "x", "fc"],
    ] {
      try expectFailure(command + activation, ["--activation", "ciresan-5", command.last ?? ""])
    }
    #expect(try quern(["summary", "ciresan-1"] + activation).status == 0)
    let momentum = ["--momentum", "0.5", "--optimizer"]
    for optimizer in ["sgd", "adam", "adamw"] {
      try expectFailure(
        ["train", "digits-conv"] + momentum + [optimizer], ["--momentum", "nesterov", optimizer])
    }
    try expectFailure(
      ["check", "digits-conv", "--backend", "interpreter"], ["--backend", "interpreter", "tinycc"])
  }

  @Test func picturesThatAreTooLarge() throws {
    // 32×32 do not fit into 8×8.
    try withTemporaryFolder { folder in
      let images: [UInt8] =
        [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0, 32] + [UInt8](repeating: 9, count: 1024)
      let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 1, 1]
      for name in ["train", "t10k"] {
        try write(images, to: folder + "/\(name)-images-idx3-ubyte")
        try write(labels, to: folder + "/\(name)-labels-idx1-ubyte")
      }
      try expectFailure(["train", "digits-conv", "--data", folder], ["32×32", "8×8"])
    }
  }

  @Test func numbersOutOfRange() throws {
    let train = ["train", "digits-conv"]
    try expectFailure(train + ["--epochs", "0"], ["--epochs"])
    try expectFailure(train + ["--batch", "0"], ["batch size"])
    try expectFailure(train + ["--learning-rate=-1"], ["learning rate"])
    try expectFailure(train + ["--validation", "1"], ["--validation"])
    try expectFailure(train + ["--l1=-1"], ["l1"])
    try expectFailure(train + ["--l2", "inf"], ["l2"])
    try expectFailure(train + ["--threads", "0"], ["threads"])
    try expectFailure(train + ["--threads", "257"], ["threads", "from 1 to 256"])
    let check = ["check", "digits-conv"]
    try expectFailure(check + ["--threads", "1,257"], ["threads", "from 1 to 256"])
    try expectFailure(train + ["--clip=-2"], ["norm"])
    try expectFailure(check + ["--threads", "1,x"], ["--threads"])
    try expectFailure(["bench", "--batch=-1"], ["--batch"])
    try expectFailure(["summary", "fc", "--batch", "0"], ["--batch"])
  }

  /// What the parser of arguments itself finds: status 64, with a hint.
  @Test(arguments: [
    ["nosuch"], ["train"], ["train", "fc", "--nosuch"], ["train", "fc", "--epochs", "many"],
    ["train", "fc", "--optimizer", "best"], ["train", "fc", "--target", "vax"],
    ["train", "fc", "--backend", "abacus"], ["show", "everything", "fc"],
    ["train", "fc", "--schedule", "step:0:0"], ["predict", "fc"],
  ])
  func badArguments(_ arguments: [String]) throws {
    let result = try quern(arguments)
    #expect(result.status == 64 && result.output.isEmpty, "\(result)")
    #expect(result.errors.hasPrefix("Error: "), "\(result)")
  }

  @Test func unknownTargetIsToldWhichThereAre() throws {
    let result = try quern(["show", "c", "fc", "--target", "vax"])
    #expect(result.status == 64 && result.output.isEmpty, "\(result)")
    for text in ["vax", "--target", "avx512", "avx2", "portable"] {
      #expect(result.errors.contains(text), "\(text): \(result)")
    }
  }

  @Test func pathsThatCannotBeWritten() throws {
    let train = ["train", "digits-conv", "--epochs", "1"]
    try expectFailure(train + ["--save", "/no/such/folder/x"], ["/no/such/folder/x"])
    try expectFailure(train + ["--save", "/tmp"], ["/tmp", "folder"])
  }

  @Test func weightsThatAreNone() throws {
    try expectFailure(
      ["predict", "digits-conv", "--weights", "/no/such/file"], ["/no/such/file"])
    try withTemporaryFolder { folder in
      let path = folder + "/noise.safetensors"
      try write([UInt8](repeating: 0x55, count: 100), to: path)
      try expectFailure(["predict", "digits-conv", "--weights", path], [path])
      try expectFailure(["train", "digits-conv", "--load", path], [path])
    }
  }

  @Test func aCheckpointOfAnotherModel() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/digits.safetensors"
      let trained = try quern(["train", "digits-conv", "--epochs", "1", "--save", path])
      #expect(trained.status == 0, "\(trained)")
      try expectFailure(
        ["predict", "fc", "--data", "digits", "--weights", path],
        [path, "\"digits-conv\"", "\"fc\"", "dense1.weight"])
      let predicted = try quern(["predict", "digits-conv", "--weights", path])
      #expect(predicted.status == 0 && predicted.output.contains("accuracy"), "\(predicted)")
    }
  }

  @Test func aBatchWithWrongLabels() throws {
    try withTemporaryFolder { folder in
      let weights = folder + "/w.safetensors"
      let batch = folder + "/b.safetensors"
      #expect(
        try quern(["train", "digits-conv", "--epochs", "1", "--save", weights]).status == 0)
      /// One black picture of 8×8 and its label, in elements of four bytes.
      func writeBatch(_ label: UInt8, input: String = "F32", labels: String = "I32") throws {
        var header = #"{"input":{"dtype":"\#(input)","shape":[1,8,8,1],"data_offsets":[0,256]},"#
        header += #""labels":{"dtype":"\#(labels)","shape":[1],"data_offsets":[256,260]}}"#
        while header.utf8.count % 8 != 0 { header += " " }
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        let pictures = [UInt8](repeating: 0, count: 256)
        try write(length + Array(header.utf8) + pictures + [label, 0, 0, 0], to: batch)
      }
      try writeBatch(10)
      let arguments = [
        "gradient", "digits-conv", "--weights", weights, "--batch", batch, "--output",
        folder + "/g.safetensors",
      ]
      try expectFailure(arguments, [batch, "label 10", "0 … 9"])
      try writeBatch(3, labels: "F32")
      try expectFailure(
        arguments, [batch, "tensor \"labels\" has F32 elements", "expected I32 or I64 elements"])
      try writeBatch(3, input: "I32")
      try expectFailure(
        arguments, [batch, "tensor \"input\" has I32 elements", "expected F32 elements"])
      try writeBatch(3)
      let result = try quern(arguments)
      #expect(result.status == 0 && result.output.hasPrefix("loss "), "\(result)")
    }
  }
}
