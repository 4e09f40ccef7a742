import QuernErrors
import QuernImages
import QuernRandom
import Testing

@Suite struct PNGTests {
  private func noise(_ height: Int, _ width: Int, _ channels: Int) throws -> Picture {
    var generator = SeededGenerator(seed: 7)
    let values = (0..<height * width * channels).map { _ in
      Float(UInt8.random(in: 0...255, using: &generator)) / 255
    }
    return try Picture(height: height, width: width, channels: channels, values: values)
  }

  /// Noise does not compress: the file is larger than the picture.
  @Test(arguments: [[1, 1, 1], [1, 1, 3], [5, 7, 1], [5, 7, 3], [301, 203, 3]])
  func whatIsWrittenIsRead(_ shape: [Int]) throws {
    let picture = try noise(shape[0], shape[1], shape[2])
    #expect(try Picture(png: picture.png(), name: "memory") == picture)
  }

  @Test func valuesAreRoundedAndCutOff() throws {
    let values: [Float] = [-1, 0, 0.4999 / 255, 0.5001 / 255, 1, 2, .nan, .infinity]
    let picture = try Picture(height: 2, width: 4, channels: 1, values: values)
    #expect(picture.bytes == [0, 0, 0, 1, 255, 255, 0, 255])
  }

  @Test func oneBitGrey() throws {
    let file = try PNGBytes.make(
      width: 3, rows: [[0b1010_0000], [0b0100_0000]], depth: 1, colourType: 0)
    let picture = try Picture(png: file, name: "bits")
    #expect(picture.channels == 1 && picture.values == [1, 0, 1, 0, 1, 0])
  }

  @Test func sixteenBits() throws {
    let rows: [[UInt8]] = [[0, 0, 0x80, 0x80, 0xff, 0xff]]
    let grey = try Picture(
      png: PNGBytes.make(width: 3, rows: rows, depth: 16, colourType: 0), name: "grey")
    #expect(grey.bytes == [0, 128, 255] && grey.channels == 1)
    let colour = try Picture(
      png: PNGBytes.make(width: 1, rows: rows, depth: 16, colourType: 2), name: "colour")
    #expect(colour.bytes == [0, 128, 255] && colour.channels == 3)
  }

  @Test func palettes() throws {
    let file = try PNGBytes.make(
      width: 2, rows: [[1, 0]], depth: 8, colourType: 3,
      chunks: [("PLTE", [10, 20, 30, 200, 100, 50])])
    let picture = try Picture(png: file, name: "palette")
    #expect(picture.channels == 3 && picture.bytes == [200, 100, 50, 10, 20, 30])
  }

  /// Half of the light of white is 188 on the sRGB curve, not 128.
  @Test func transparencyIsLaidOverWhite() throws {
    let grey = try PNGBytes.make(
      width: 3, rows: [[50, 255, 50, 0, 0, 128]], depth: 8, colourType: 4)
    let bytes = try Picture(png: grey, name: "grey").bytes
    #expect(bytes[0] == 50 && bytes[1] == 255 && abs(Int(bytes[2]) - 187) <= 1)
    let colour = try PNGBytes.make(
      width: 2, rows: [[9, 8, 7, 0, 9, 8, 7, 255]], depth: 8, colourType: 6)
    #expect(try Picture(png: colour, name: "colour").bytes == [255, 255, 255, 9, 8, 7])
  }

  private func failure(_ bytes: [UInt8]) -> QuernError? {
    do { _ = try Picture(png: bytes, name: "some.png") } catch { return error as? QuernError }
    return nil
  }

  @Test(
    arguments: [
      ([], "empty"), ([0xff, 0xd8, 0xff, 0xe0, 1, 2], "JPEG"), (Array("GIF89a....".utf8), "GIF"),
      ([1, 2, 3], "unknown format"), (Array("P6 1 1 255".utf8), "PPM"),
    ] as [([UInt8], String)])
  func whatIsNoPNG(_ bytes: [UInt8], _ word: String) throws {
    let error = try #require(failure(bytes))
    #expect(error.kind == .mislabelled && error.place == "some.png")
    #expect(error.problem.contains(word) && error.problem.hasSuffix("PNG file"), "\(error)")
  }

  @Test(arguments: [1, 3]) func whatIsCutShort(_ channels: Int) throws {
    let file = try noise(8, 9, channels).png()
    // The last chunk, of 12 bytes, and the checksum before it say nothing of the pixels.
    for count in 1..<file.count - 16 {
      let error = try #require(failure(Array(file[..<count])), "\(count) of \(file.count) bytes")
      #expect([.truncated, .corrupt].contains(error.kind), "\(error)")
    }
    let late = try #require(failure(Array(file[..<(file.count - 60)])))
    #expect(late.kind == .truncated && late.problem.contains("ends"), "\(late)")
  }

  @Test func whatIsDamaged() throws {
    var file = try noise(8, 9, 3).png()
    file[file.count - 40] ^= 0xff
    let error = try #require(failure(file))
    #expect(error.kind == .corrupt && error.problem.contains("libpng"), "\(error)")
  }

  /// 44 bytes that claim to be ten thousand million pixels.
  @Test func whatIsTooLarge() throws {
    var file = try noise(1, 1, 1).png()
    file.replaceSubrange(16..<24, with: PNGBytes.number(100_000) + PNGBytes.number(100_000))
    let error = try #require(failure(file))
    #expect(error.kind == .unsupported && error.problem.contains("100000×100000"), "\(error)")
    #expect(throws: QuernError.self) {
      try Picture(height: 1 << 40, width: 1 << 40, channels: 1, values: [])
    }
  }

  @Test func files() throws {
    let picture = try noise(2, 3, 3)
    do {
      try picture.writePNG(to: "/no/such/folder/a.png")
      Issue.record("it was written")
    } catch let error as QuernError {
      #expect(error.kind == .unwritable && error.place == "/no/such/folder/a.png")
    }
    do {
      _ = try Picture(contentsOfPNG: "/no/such/file.png")
      Issue.record("it was read")
    } catch let error as QuernError {
      #expect(error.kind == .missing && error.place == "/no/such/file.png")
    }
  }

  @Test func picturesThatAreNone() {
    #expect(throws: QuernError.self) {
      try Picture(height: 2, width: 2, channels: 1, values: [1, 2, 3])
    }
    #expect(throws: QuernError.self) { try Picture(height: 0, width: 2, channels: 1, values: []) }
    #expect(throws: QuernError.self) {
      try Picture(height: 1, width: 1, channels: 2, values: [1, 2])
    }
    #expect(throws: QuernError.self) { try Picture(height: 1, width: 1, colour: []) }
  }
}
