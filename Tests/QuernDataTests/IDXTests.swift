import QuernData
import QuernRandom
import Testing

@Suite struct IDXTests {
  let folder: TemporaryFolder
  let pictures = idx([2, 2, 3], [UInt8](0..<12))

  init() throws { folder = try TemporaryFolder() }

  @Test func readsPlainPictures() throws {
    let array = try IDX.images(at: folder.write(pictures, "pictures"))
    #expect(array.shape == [2, 2, 3])
    #expect(array.values == [UInt8](0..<12))
  }

  @Test func readsPicturesWithChannels() throws {
    let array = try IDX.images(at: folder.write(idx([1, 2, 2, 3], [UInt8](0..<12)), "p"))
    #expect(array.shape == [1, 2, 2, 3])
  }

  @Test func readsGzipWhateverTheFileIsCalled() throws {
    let labels = idx([5], [3, 1, 4, 1, 5])
    #expect(try IDX.labels(at: folder.write(gzip(labels), "labels")).values == [3, 1, 4, 1, 5])
  }

  @Test func readsGzipOfManyMembers() throws {
    // Cut within the header and within the elements, with padding after the last member.
    let bytes =
      try gzip(Array(pictures[..<6])) + gzip(Array(pictures[6..<20]))
      + gzip([]) + gzip(Array(pictures[20...])) + [0, 0, 0]
    let array = try IDX.images(at: folder.write(bytes, "pictures.gz"))
    #expect(array.values == [UInt8](0..<12))
  }

  @Test func readsLargeGzipInPieces() throws {
    // Random bytes do not pack, so this needs several fillings of the read-ahead buffer.
    var generator = SeededGenerator(seed: 1)
    let values = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let path = try folder.write(gzip(idx([3, 100, 1000], values)), "large.gz")
    #expect(try IDX.images(at: path).values == values)
  }

  @Test func missingFile() {
    let path = folder.file("none")
    expectError(.missing, path, "no such file") { _ = try IDX.images(at: path) }
  }

  @Test func folderInsteadOfFile() {
    expectError(.notAFile, folder.path, "is a folder") { _ = try IDX.images(at: folder.path) }
  }

  @Test func deviceInsteadOfFile() {
    expectError(.notAFile, "/dev/zero", "device") { _ = try IDX.images(at: "/dev/zero") }
  }

  @Test func emptyFile() throws {
    let path = try folder.write([], "empty")
    expectError(.truncated, path, "header") { _ = try IDX.images(at: path) }
  }

  @Test func truncatedHeader() throws {
    let path = try folder.write(Array(pictures[..<10]), "short")
    expectError(.truncated, path, "header") { _ = try IDX.images(at: path) }
  }

  @Test func truncatedElements() throws {
    let path = try folder.write(pictures.dropLast(), "short")
    expectError(.truncated, path, "ends after 11", "2×2×3") { _ = try IDX.images(at: path) }
  }

  @Test func headerTellingOfMoreThanTheFileCanHold() throws {
    // Fails before terabytes of memory are asked for.
    let plain = try folder.write(idx([1 << 20, 1 << 12, 1 << 10], [1, 2, 3]), "plain")
    expectError(.truncated, plain, "1048576×4096×1024") { _ = try IDX.images(at: plain) }
    let packed = try folder.write(gzip(idx([1 << 20, 1 << 12, 1 << 10], [1, 2, 3])), "packed")
    expectError(.truncated, packed, "at most") { _ = try IDX.images(at: packed) }
  }

  @Test func extentsWhoseProductOverflows() throws {
    let huge = Int(UInt32.max)
    let path = try folder.write(idx([huge, huge, huge], []), "huge")
    expectError(.overflow, path, "4294967295×4294967295×4294967295") {
      _ = try IDX.images(at: path)
    }
  }

  @Test func truncatedGzip() throws {
    let path = try folder.write(gzip(pictures).dropLast(12), "short.gz")
    expectError(.truncated, path, "gzip data end too early") { _ = try IDX.images(at: path) }
  }

  @Test func gzipCutWithinItsChecksum() throws {
    let path = try folder.write(gzip(pictures).dropLast(3), "short.gz")
    expectError(.truncated, path, "gzip") { _ = try IDX.images(at: path) }
  }

  @Test func truncatedElementsInsideGzip() throws {
    let path = try folder.write(gzip(pictures.dropLast()), "short.gz")
    expectError(.truncated, path, "ends after 11") { _ = try IDX.images(at: path) }
  }

  @Test func wrongGzipChecksum() throws {
    var bytes = try gzip(pictures)
    bytes[bytes.count - 8] ^= 1
    let path = try folder.write(bytes, "corrupt.gz")
    expectError(.corrupt, path, "corrupt") { _ = try IDX.images(at: path) }
  }

  @Test func corruptGzipCode() throws {
    var bytes = try gzip(pictures)
    bytes[10] = 0xff  // The first block's type, three bits: 3, which there is not.
    let path = try folder.write(bytes, "corrupt.gz")
    expectError(.corrupt, path, "corrupt") { _ = try IDX.images(at: path) }
  }

  @Test func trailingBytes() throws {
    let path = try folder.write(pictures + [7], "long")
    expectError(.trailingBytes, path, "2×2×3") { _ = try IDX.images(at: path) }
  }

  @Test func trailingBytesInsideGzip() throws {
    let path = try folder.write(gzip(pictures + [7]), "long.gz")
    expectError(.trailingBytes, path) { _ = try IDX.images(at: path) }
  }

  @Test func otherBytesAfterGzip() throws {
    let path = try folder.write(gzip(pictures) + [7], "long.gz")
    expectError(.trailingBytes, path, "after the gzip data") { _ = try IDX.images(at: path) }
  }

  @Test func labelsWherePicturesAreExpected() throws {
    let path = try folder.write(idx([3], [1, 2, 3]), "swapped")
    expectError(.mislabelled, path, "holds labels", "00 00 08 01", "swapped") {
      _ = try IDX.images(at: path)
    }
  }

  @Test func picturesWhereLabelsAreExpected() throws {
    let path = try folder.write(pictures, "swapped")
    expectError(.mislabelled, path, "holds pictures", "swapped") { _ = try IDX.labels(at: path) }
  }

  @Test func wrongRank() throws {
    let path = try folder.write(idx([2, 2], [1, 2, 3, 4]), "matrix")
    expectError(.mislabelled, path, "rank 2") { _ = try IDX.images(at: path) }
  }

  @Test func otherFormat() throws {
    let path = try folder.write(Array("\u{89}PNG and so on".utf8), "picture.png")
    expectError(.mislabelled, path, "not an IDX file") { _ = try IDX.images(at: path) }
  }

  @Test func otherElementType() throws {
    let path = try folder.write(idx([1, 1, 1], [0, 0, 0, 0], type: 0x0d), "floats")
    expectError(.unsupported, path, "float32", "uint8") { _ = try IDX.images(at: path) }
  }
}
