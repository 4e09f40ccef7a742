import Foundation
import QuernData
import QuernErrors
import Testing

@Suite struct DataSourceTests {
  @Test func embeddedDigits() throws {
    let (training, test) = try DataSource.named("digits").load()
    #expect(training.shape == [1437, 8, 8, 1])
    #expect(test.shape == [360, 8, 8, 1])
    #expect(training.classCount == 10)
    // Every picture is in one of the sets, none in both.
    var pictures: Set<[Float]> = []
    for set in [training, test] {
      for number in 0..<set.count { pictures.insert(Array(try set.picture(number))) }
    }
    #expect(pictures.count >= 1790)
    // The first picture as UCI publishes it is a zero, and all are there with their own labels.
    let first: [Float] = [0, 0, 5, 13, 9, 1, 0, 0]
    let places = try (0..<training.count).filter {
      try training.picture($0).prefix(8).map { $0 * 16 } == first
    }
    #expect(places.allSatisfy { training.labels[$0] == 0 })
    let whole = training.labels + test.labels
    let counts = (0..<10).map { digit in whole.count { $0 == digit } }
    #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    #expect(DataSource.digits.attribution?.contains("Alpaydin") == true)
  }

  @Test func partsEqualTheWhole() throws {
    let both = try DataSource.digits.load()
    #expect(try DataSource.digits.trainingSet().labels == both.training.labels)
    #expect(try DataSource.digits.testSet().labels == both.test.labels)
  }

  @Test func namesAreKnown() throws {
    #expect(DataSource.names == ["digits", "fashion-mnist", "mnist"])
    for name in DataSource.names { #expect(try DataSource.named(name).description == name) }
  }

  @Test("Pictures of a plain file stay as they were when another takes its place")
  func aFileIsReplaced() throws {
    let folder = try TemporaryFolder()
    let size = 100_000
    let path = try folder.write(
      idx([2, 1, size], [UInt8](repeating: 51, count: 2 * size)), "train-images-idx3-ubyte")
    _ = try folder.write(idx([2], [1, 0]), "train-labels-idx1-ubyte")
    let training = try DataSource.directory(folder.path).trainingSet()
    let other = try folder.write(
      idx([2, 1, size], [UInt8](repeating: 255, count: 2 * size)), "other")
    try FileManager.default.removeItem(atPath: path)
    #expect(try training.picture(0).allSatisfy { $0 == 0.2 })
    try FileManager.default.moveItem(atPath: other, toPath: path)
    for set in [
      training, try training.subset([1, 0]), try training.padded(toHeight: 1, width: size),
      try training.repeatingChannel(1),
    ] {
      #expect(try set.picture(1).allSatisfy { $0 == 0.2 })
    }
    #expect(try DataSource.directory(folder.path).trainingSet().picture(1).last == 1)
  }

  @Test("A plain file of another length than its header tells", arguments: [-1, 1])
  func otherLengths(difference: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      idx([2, 3, 3], [UInt8](repeating: 7, count: 18 + difference)), "train-images-idx3-ubyte")
    _ = try folder.write(idx([2], [1, 0]), "train-labels-idx1-ubyte")
    expectError(difference < 0 ? .truncated : .trailingBytes, path, "2×3×3 = 18 bytes") {
      _ = try DataSource.directory(folder.path).trainingSet()
    }
  }

  @Test func folderOfPlainAndPackedFiles() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      gzip(idx([3, 1, 2], [0, 51, 102, 153, 204, 255])), "train-images-idx3-ubyte.gz")
    _ = try folder.write(idx([3], [0, 6, 2]), "train-labels-idx1-ubyte")
    _ = try folder.write(idx([1, 1, 2], [255, 0]), "t10k-images-idx3-ubyte")
    _ = try folder.write(gzip(idx([1], [6])), "t10k-labels-idx1-ubyte.gz")
    let source = try DataSource.named(folder.path)
    #expect(source == .directory(folder.path))
    let (training, test) = try source.load()
    #expect(training.shape == [3, 1, 2, 1])
    #expect(try training.batch([0, 1, 2]).images == [0, 0.2, 0.4, 0.6, 0.8, 1])
    #expect(training.labels == [0, 6, 2])
    #expect(training.classCount == 7)
    #expect(try test.picture(0) == [1, 0])
    #expect(test.classCount == 7)
    #expect(try source.testSet().classCount == 7)
    expectError(.labelOutOfRange, "label 6", "0 … 4", "train-labels-idx1-ubyte") {
      _ = try source.load(classCount: 5)
    }
  }

  @Test func testLabelsBeyondTheTrainingSet() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(idx([1, 1, 1], [0]), "train-images-idx3-ubyte")
    _ = try folder.write(idx([1], [1]), "train-labels-idx1-ubyte")
    _ = try folder.write(idx([1, 1, 1], [0]), "t10k-images-idx3-ubyte")
    _ = try folder.write(idx([1], [2]), "t10k-labels-idx1-ubyte")
    expectError(.labelOutOfRange, "label 2", "t10k-labels-idx1-ubyte") {
      _ = try DataSource.directory(folder.path).load()
    }
  }

  @Test func folderWithoutTheFiles() throws {
    let folder = try TemporaryFolder()
    expectError(.missing, folder.path, "train-images-idx3-ubyte.gz") {
      _ = try DataSource.named(folder.path).load()
    }
  }

  @Test func unknownName() {
    expectError(.unknownName, "fashion-minst", "digits, fashion-mnist, mnist") {
      _ = try DataSource.named("fashion-minst")
    }
    expectError(.unknownName) { _ = try DataSource.named("") }
  }

  @Test func missingFolder() throws {
    let path = try TemporaryFolder().file("none")
    expectError(.missing, path, "no such folder") { _ = try DataSource.named(path) }
    expectError(.missing, path, "no such folder") { _ = try DataSource.directory(path).load() }
  }

  @Test func fileInsteadOfFolder() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([], "file")
    expectError(.notAFile, path, "not a folder") { _ = try DataSource.named(path) }
  }

  @Test func mnistOrWhereItIsLookedFor() {
    do {
      #expect(try DataSource.mnist.testSet().count == 10_000)
    } catch {
      let text = "\(error)"
      #expect(text.contains("/usr/share/datasets/mnist") && text.contains("QUERN_DATA"), "\(text)")
    }
  }

  @Test func fashionMNISTOrHowToGetIt() throws {
    do {
      let test = try DataSource.fashionMNIST.testSet()
      #expect(test.shape == [10_000, 28, 28, 1])
      #expect(test.classNames?.last == "Ankle boot")
      #expect((0..<10).allSatisfy { digit in test.labels.count { $0 == digit } == 1000 })
    } catch let error as QuernError {
      #expect(error.kind == .missing)
      #expect(error.description.contains("apt-get install dataset-fashion-mnist"))
      #expect(error.description.contains("QUERN_DATA"))
    }
  }
}
