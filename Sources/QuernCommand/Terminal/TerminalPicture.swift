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
}
