import CPNG
import QuernData
import QuernErrors

// PNG through libpng's simplified interface. The full one reports errors with longjmp, which may not
// leave through Swift's frames; the simplified one catches that in C and returns.

extension Picture {
  /// Reads a PNG file of any kind.
  ///
  /// Grey files give one channel, colour and palette files three. 16-bit samples are rounded to 8
  /// bits. Transparent pixels are laid over white, in linear light, as a page would show them.
  /// Values are byte / 255.
  /// - Throws: `QuernError` where the file is missing, no PNG, cut short, damaged, or of more than
  ///   ``maximumPixelCount`` pixels.
  public init(contentsOfPNG path: String) throws {
    try self.init(png: SystemFile.contents(of: path), name: path)
  }

  /// Reads the bytes of a PNG file; `name` stands in messages for the path.
  ///
  /// - Throws: `QuernError`, as ``init(contentsOfPNG:)`` does.
  public init(png bytes: [UInt8], name: String) throws {
    try PNGHeader.check(bytes, name: name)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    // libpng keeps both addresses between the calls.
    self = try withUnsafeMutablePointer(to: &image) { image in
      defer { png_image_free(image) }
      return try bytes.withUnsafeBytes { try Self.decode($0, image, name: name) }
    }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ image: UnsafeMutablePointer<png_image>, name: String
  ) throws -> Picture {
    guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else {
      throw failure(image, name: name)
    }
    // Without the flag, 16-bit samples of files that do not say would be taken for linear light.
    image.pointee.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    let isColour = image.pointee.format & UInt32(PNG_FORMAT_FLAG_COLOR) != 0
    image.pointee.format = isColour ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
    let (height, width) = (Int(image.pointee.height), Int(image.pointee.width))
    let channels = isColour ? 3 : 1
    let count = try valueCount(height: height, width: width, channels: channels)
    var samples = [UInt8](repeating: 0, count: count)
    var white = png_color(red: 255, green: 255, blue: 255)
    guard png_image_finish_read(image, &white, &samples, 0, nil) != 0 else {
      throw failure(image, name: name)
    }
    let levels = (0..<256).map { Float($0) / 255 }
    return Picture(height, width, channels, samples.map { levels[Int($0)] })
  }

  private static func failure(
    _ image: UnsafeMutablePointer<png_image>, name: String
  ) -> QuernError {
    let message = text(image)
    let isCutShort = message.contains("beyond end") || message.contains("Not enough image data")
    return QuernError(
      isCutShort ? .truncated : .corrupt, in: name,
      found: isCutShort
        ? "ends in the middle of the picture (libpng: \(message))"
        : "is damaged (libpng: \(message))",
      expected: "a whole PNG file", remedy: "Copy or make it again.")
  }

  private static func text(_ image: UnsafeMutablePointer<png_image>) -> String {
    withUnsafeBytes(of: image.pointee.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The nearest of 0 … 255 for each value; 0 for what is no number.
  public var bytes: [UInt8] { values.map { $0 > 0 ? UInt8(min($0, 1) * 255 + 0.5) : 0 } }

  /// The bytes of a PNG file with 8 bits a sample.
  ///
  /// - Throws: `QuernError` where libpng refuses.
  public func png() throws -> [UInt8] {
    let samples = bytes
    // What deflate makes of noise, and more than chunks and headers take.
    var capacity = samples.count + height + (samples.count >> 7) + 4096
    while true {
      var size = capacity
      let file = try encoded(samples, capacity: capacity, size: &size)
      if let file { return file }
      capacity = size
    }
  }

  /// Nil where the capacity does not do; `size` is then what does.
  private func encoded(_ samples: [UInt8], capacity: Int, size: inout Int) throws -> [UInt8]? {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.height = UInt32(height)
    image.width = UInt32(width)
    image.format = channels == 3 ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
    return try withUnsafeMutablePointer(to: &image) { image in
      defer { png_image_free(image) }
      var isWritten = false
      let file = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        isWritten =
          png_image_write_to_memory(image, buffer.baseAddress, &size, 0, samples, 0, nil) != 0
        count = isWritten ? size : 0
      }
      if isWritten { return file }
      if size > capacity { return nil }
      throw QuernError(
        .unwritable, in: "PNG", found: "libpng refuses (\(Self.text(image)))",
        expected: "a picture that it takes")
    }
  }

  /// Writes a PNG file with 8 bits a sample: whatever happens, either the old file or the new one is
  /// there, whole.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func writePNG(to path: String) throws { try atomicWrite(png(), to: path) }
}

/// What can be said of a file before libpng sees it, in clearer words than libpng's.
enum PNGHeader {
  private static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  static func check(_ bytes: [UInt8], name: String) throws {
    guard bytes.starts(with: signature) else {
      if !bytes.isEmpty, signature.starts(with: bytes) { throw truncated(bytes, name) }
      throw QuernError(
        .mislabelled, in: name, found: bytes.isEmpty ? "is empty" : "is \(format(bytes)), no PNG",
        expected: "a PNG file", remedy: "Convert it to PNG first.")
    }
    // The header's chunk: length, "IHDR", width, height, five bytes, checksum.
    guard bytes.count >= 33 else { throw truncated(bytes, name) }
    func number(_ start: Int) -> Int { bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    let (width, height) = (number(16), number(20))
    guard height * width <= Picture.maximumPixelCount else {
      throw QuernError(
        .unsupported, in: name, found: "claims \(height)×\(width) pixels",
        expected: "at most \(Picture.maximumPixelCount) pixels",
        remedy: "Cut it, or make it smaller.")
    }
  }

  private static func truncated(_ bytes: [UInt8], _ name: String) -> QuernError {
    QuernError(
      .truncated, in: name, found: "ends after \(bytes.count) bytes, within the header",
      expected: "a whole PNG file", remedy: "Copy or make it again.")
  }

  private static func format(_ bytes: [UInt8]) -> String {
    let known: [([UInt8], String)] = [
      ([0xff, 0xd8, 0xff], "a JPEG file"), (Array("GIF8".utf8), "a GIF file"),
      (Array("BM".utf8), "a BMP file"), (Array("RIFF".utf8), "a RIFF (WebP) file"),
      (Array("II*".utf8), "a TIFF file"), (Array("MM\0*".utf8), "a TIFF file"),
      (Array("P5".utf8), "a PGM file"), (Array("P6".utf8), "a PPM file"),
      (Array("<".utf8), "a text (SVG, HTML)"),
    ]
    return known.first { bytes.starts(with: $0.0) }?.1 ?? "of an unknown format"
  }
}
