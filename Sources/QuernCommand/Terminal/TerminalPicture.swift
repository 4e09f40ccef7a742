import Quern

/// Pictures drawn with characters: two rows of pixels a line, by upper and lower half blocks.
enum TerminalPicture {
  /// Lines for a grey picture of `height` × `width` values; `range` is black to white.
  ///
  /// - Parameter colour: with 256-colour escape sequences; otherwise with five shades of block.
  static func lines(
    _ values: [Float], height: Int, width: Int, range: ClosedRange<Float>, colour: Bool
  ) -> [String] {
    func level(_ y: Int, _ x: Int) -> Float {
      guard y < height else { return 0 }
      let span = range.upperBound - range.lowerBound
      guard span > 0 else { return 0 }
      return min(max((values[y * width + x] - range.lowerBound) / span, 0), 1)
    }
    return stride(from: 0, to: height, by: 2).map { y in
      var line = ""
      for x in 0..<width {
        let (upper, lower) = (level(y, x), level(y + 1, x))
        if colour {
          // 232 … 255 are 24 greys from black to white.
          let (over, under) = (232 + Int(upper * 23), 232 + Int(lower * 23))
          line += "\u{1b}[38;5;\(over);48;5;\(under)m▀"
        } else {
          line += shade((upper + lower) / 2)
        }
      }
      return colour ? line + "\u{1b}[0m" : line
    }
  }

  private static func shade(_ level: Float) -> String {
    let shades = [" ", "░", "▒", "▓", "█"]
    return shades[min(Int(level * Float(shades.count)), shades.count - 1)]
  }

  /// Lines for a picture in colour or grey, for a terminal.
  ///
  /// With 24-bit colours where the environment says that there are (`COLORTERM`), otherwise with the
  /// 6×6×6 colours that nearly all terminals have.
  static func lines(_ picture: Picture) -> [String] {
    let isTrueColour = Terminal.hasTrueColour
    let bytes = picture.inColour.bytes
    func code(_ y: Int, _ x: Int) -> String {
      let start = (y * picture.width + x) * 3
      let parts = bytes[start..<start + 3].map(Int.init)
      if isTrueColour { return "2;\(parts[0]);\(parts[1]);\(parts[2])" }
      let cube = parts.map { ($0 * 5 + 127) / 255 }
      return "5;\(16 + 36 * cube[0] + 6 * cube[1] + cube[2])"
    }
    return stride(from: 0, to: picture.height, by: 2).map { y in
      let line = (0..<picture.width).map { x in
        let lower = y + 1 < picture.height ? ";48;" + code(y + 1, x) : ";49"
        return "\u{1b}[38;" + code(y, x) + lower + "m▀"
      }
      return line.joined() + "\u{1b}[0m"
    }
  }
}
