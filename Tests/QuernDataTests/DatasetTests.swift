import QuernData
import QuernRandom
import Testing

@Suite struct DatasetTests {
  /// Three pictures of 2×2×1 with the bytes 0 … 11.
  static func small() throws -> Dataset {
    try Dataset(name: "small", bytes: [UInt8](0..<12), shape: [3, 2, 2, 1], labels: [2, 0, 1])
  }

  @Test func bytesBecomeZeroToOneExactly() throws {
    let bytes = [UInt8](0...255)
    let data = try Dataset(bytes: bytes, shape: [1, 16, 16], labels: [0])
    #expect(try data.picture(0) == bytes.map { Float($0) / 255 })
    #expect(try data.picture(0).last == 1)
    #expect(data.shape == [1, 16, 16, 1])
  }

  @Test func floatsAreTakenAsTheyAre() throws {
    let data = try Dataset(images: [-2, 0.5, 3, 4], shape: [2, 2], labels: [0, 1])
    #expect(data.shape == [2, 1, 1, 2])
    #expect(try data.picture(1) == [3, 4])
    #expect(data.classCount == 2)
  }

  @Test func copiesABatch() throws {
    let data = try Self.small()
    var images = [Float](repeating: -1, count: 9)
    var labels = [Int32](repeating: -1, count: 3)
    images.withUnsafeMutableBufferPointer { images in
      labels.withUnsafeMutableBufferPointer { labels in
        data.copyBatch([9, 2, 1, 9][1...2], into: images, labels: labels)
      }
    }
    #expect(images == [8, 9, 10, 11, 4, 5, 6, 7, -255].map { $0 / 255 })
    #expect(labels == [1, 0, -1])
  }

  @Test func bytesAndFloatsMakeTheSameBatch() throws {
    var generator = SeededGenerator(seed: 3)
    let bytes = (0..<5 * 21).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let labels = [0, 1, 2, 3, 4]
    let packed = try Dataset(bytes: bytes, shape: [5, 7, 1, 3], labels: labels)
    let plain = try Dataset(
      images: bytes.map { Float($0) / 255 }, shape: [5, 7, 1, 3], labels: labels)
    for (left, right) in [
      (packed, plain), (packed.normalised(), plain.normalised()),
      try (packed.padded(toHeight: 8, width: 4), plain.padded(toHeight: 8, width: 4)),
      try (packed.subset([4, 0]), plain.subset([4, 0])),
    ] {
      #expect(try left.batch([1, 0]).images == right.batch([1, 0]).images)
      #expect(try left.batch([1, 0]).labels == right.batch([1, 0]).labels)
    }
  }

  @Test func batchRefusesIndicesOutOfRange() throws {
    let data = try Self.small()
    expectError(.badArgument, "small", "picture 3", "0 … 2") { _ = try data.batch([0, 3]) }
    expectError(.badArgument, "picture -1") { _ = try data.batch([-1]) }
  }

  @Test func subsetKeepsPicturesWithTheirLabels() throws {
    let part = try Self.small().subset([2, 0, 2])
    #expect(part.labels == [1, 2, 1])
    #expect(try part.picture(2) == [8, 9, 10, 11].map { $0 / 255 })
    #expect(part.classCount == 3)
  }

  @Test func subsetRefusesNothingAndStrangers() throws {
    let data = try Self.small()
    expectError(.empty, "small") { _ = try data.subset([]) }
    expectError(.badArgument, "picture 3") { _ = try data.subset([3]) }
  }

  @Test func splitSharesEveryPictureOnce() throws {
    let count = 50
    let data = try Dataset(
      bytes: (0..<count).map(UInt8.init), shape: [count, 1, 1], labels: Array(0..<count))
    let (training, validation) = try data.split(validationFraction: 0.25, seed: 7)
    #expect(validation.count == 13)  // 12.5, rounded
    #expect((training.labels + validation.labels).sorted() == (0..<50).map(Int32.init))
    #expect(try data.split(validationCount: 13, seed: 7).validation.labels == validation.labels)
    #expect(try data.split(validationCount: 13, seed: 8).validation.labels != validation.labels)
    for index in 0..<validation.count {
      #expect(try validation.picture(index) == [Float(validation.labels[index]) / 255])
    }
  }

  @Test func splitRefusesEmptyParts() throws {
    let data = try Self.small()
    expectError(.badArgument, "0 of 3") { _ = try data.split(validationCount: 0, seed: 1) }
    expectError(.badArgument, "3 of 3") { _ = try data.split(validationCount: 3, seed: 1) }
    expectError(.badArgument, "nan") { _ = try data.split(validationFraction: .nan, seed: 1) }
    expectError(.badArgument, "1.5") { _ = try data.split(validationFraction: 1.5, seed: 1) }
  }

  @Test func paddingPutsTheOddRowAtTheBottomAndTheOddColumnAtTheRight() throws {
    let data = try Dataset(images: [1, 2, 3, 4], shape: [1, 2, 2], labels: [0])
    #expect(try data.padded(toHeight: 3, width: 3).picture(0) == [1, 2, 0, 3, 4, 0, 0, 0, 0])
    let wide = try data.padded(toHeight: 2, width: 5)
    #expect(wide.shape == [1, 2, 5, 1])
    #expect(try wide.picture(0) == [0, 1, 2, 0, 0, 0, 3, 4, 0, 0])
  }

  @Test func paddingKeepsChannelsTogether() throws {
    let data = try Dataset(images: [1, 2, 3, 4], shape: [2, 1, 1, 2], labels: [0, 0])
    #expect(try data.padded(toHeight: 1, width: 2).picture(1) == [3, 4, 0, 0])
  }

  @Test func paddingRefusesSmallerSizes() throws {
    let data = try Self.small()
    expectError(.badArgument, "2×2", "1×2") { _ = try data.padded(toHeight: 1, width: 2) }
    expectError(.badArgument) { _ = try data.padded(toHeight: .max, width: .max) }
  }

  @Test func normalisationMapsTheBackgroundToo() throws {
    let data = try Dataset(bytes: [0, 255], shape: [1, 1, 2], labels: [0]).normalised()
    #expect(try data.padded(toHeight: 1, width: 3).picture(0) == [-1, 1, -1])
    let floats = try Dataset(images: [0.5], shape: [1, 1, 1], labels: [0])
    #expect(
      try floats.normalised(to: 2...6).padded(toHeight: 1, width: 2).picture(0) == [4, 2])
  }

  @Test func countsOfPicturesAndLabelsDiffer() {
    expectError(.countMismatch, "pairs", "2 pictures but 3 labels") {
      _ = try Dataset(
        name: "pairs", images: IDX.images(bytes: idx([2, 1, 1], [1, 2]), name: "i"),
        labels: IDX.labels(bytes: idx([3], [0, 0, 0]), name: "l"))
    }
  }

  @Test func valuesDoNotMatchTheShape() {
    expectError(.countMismatch, "7 values", "2×2×2", "8 values") {
      _ = try Dataset(images: [Float](repeating: 0, count: 7), shape: [2, 2, 2], labels: [0, 0])
    }
  }

  @Test func labelsOutOfRange() {
    expectError(.labelOutOfRange, "label 10 of picture 1", "0 … 9") {
      _ = try Dataset(images: [0, 0], shape: [2, 1, 1], labels: [9, 10], classCount: 10)
    }
    expectError(.labelOutOfRange, "label -1 of picture 0") {
      _ = try Dataset(images: [0], shape: [1, 1, 1], labels: [-1])
    }
    expectError(.labelOutOfRange, "label 18446744073709551615") {
      _ = try Dataset(images: [0], shape: [1, 1, 1], labels: [UInt64.max])
    }
  }

  @Test func noPictures() {
    expectError(.empty, "none", "0×28×28") {
      _ = try Dataset(
        name: "none", images: IDX.images(bytes: idx([0, 28, 28], []), name: "i"),
        labels: IDX.labels(bytes: idx([0], []), name: "l"))
    }
  }

  @Test func impossibleShapes() {
    expectError(.badArgument, "-1×2") {
      _ = try Dataset(images: [], shape: [-1, 2], labels: [Int]())
    }
    expectError(.badArgument, "rank 1") {
      _ = try Dataset(images: [0], shape: [1], labels: [0])
    }
    expectError(.overflow) {
      _ = try Dataset(images: [0], shape: [.max, .max, 2], labels: [0])
    }
  }

  @Test func wrongMaximum() {
    expectError(.badArgument, "17") {
      _ = try Dataset(bytes: [17], maximum: 16, shape: [1, 1, 1], labels: [0])
    }
    expectError(.badArgument, "maximum 0") {
      _ = try Dataset(bytes: [0], maximum: 0, shape: [1, 1, 1], labels: [0])
    }
  }

  @Test func classNamesMustMatch() {
    expectError(.countMismatch, "1 class names for 2 classes") {
      _ = try Dataset(images: [0], shape: [1, 1, 1], labels: [1], classNames: ["one"])
    }
    expectError(.badArgument, "class count of 0") {
      _ = try Dataset(images: [0], shape: [1, 1, 1], labels: [0], classCount: 0)
    }
  }
}
