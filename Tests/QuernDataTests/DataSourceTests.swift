import QuernData
import Testing

@Suite struct DataSourceTests {
  @Test func embeddedDigits() throws {
    let (training, test) = try DataSource.named("digits").load()
    #expect(training.shape == [1437, 8, 8, 1])
    #expect(test.shape == [360, 8, 8, 1])
    #expect(training.classCount == 10)
    // The beginning and the end of the set as UCI publishes it.
    #expect(training.labels.prefix(10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(test.labels.suffix(6) == [4, 9, 0, 8, 9, 8])
    #expect(try training.picture(0).prefix(8).map { $0 * 16 } == [0, 0, 5, 13, 9, 1, 0, 0])
    #expect(try training.picture(1436).max() == 1)
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

  @Test func fashionMNISTOrHowToGetIt() throws {
    do {
      let test = try DataSource.fashionMNIST.testSet()
      #expect(test.shape == [10_000, 28, 28, 1])
      #expect(test.classNames?.last == "Ankle boot")
      #expect((0..<10).allSatisfy { digit in test.labels.count { $0 == digit } == 1000 })
    } catch let error as DataError {
      #expect(error.kind == .missing)
      #expect(error.description.contains("apt-get install dataset-fashion-mnist"))
    }
  }
}
