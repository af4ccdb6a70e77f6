//! Reads the MessagePack that `rmp_serde::to_vec_named` writes.
//!
//! `rmp_serde` answers every request of a type with whatever stands in the bytes, so its whole decoder is compiled for
//! each type of each field: a twelfth of the program. Here a type is given only what it asked for. A struct is a map of
//! names, an enum a name or a map of one name; bytes that no writer of ours makes are refused, never guessed.
//! Format: <https://github.com/msgpack/msgpack/blob/master/spec.md>.

use std::fmt;

use rmp::Marker;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};

/// Values within values; ours are a dozen deep.
const DEPTH: u16 = 512;

#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("it ends too early")]
    Short,
    #[error("it is nested too deeply")]
    Deep,
    #[error("{0} where {1} was expected")]
    Other(String, &'static str),
    #[error("a text is not UTF-8")]
    NotText,
    #[error("{0} values are left over")]
    Left(u32),
    #[error("{0}")]
    Shape(String),
}

impl de::Error for UnpackError {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self::Shape(words.to_string())
    }
}

/// Reads one value from the beginning of `bytes`.
pub fn from_slice<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, UnpackError> {
    V::deserialize(&mut Unpack { rest: bytes, depth: DEPTH })
}

/// One value, or the beginning of one that holds others: how many values, or pairs of them, follow.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'de> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'de str),
    Bytes(&'de [u8]),
    Array(u32),
    Map(u32),
}

impl Token<'_> {
    #[cold]
    fn instead_of(self, wanted: &'static str) -> UnpackError {
        let found = match self {
            Self::Nil => Unexpected::Unit,
            Self::Bool(found) => Unexpected::Bool(found),
            Self::Unsigned(found) => Unexpected::Unsigned(found),
            Self::Signed(found) => Unexpected::Signed(found),
            Self::Float(found) => Unexpected::Float(found),
            // What stands in a record is nobody's to read in a log.
            Self::Text(_) => Unexpected::Other("a text"),
            Self::Bytes(_) => Unexpected::Other("bytes"),
            Self::Array(_) => Unexpected::Seq,
            Self::Map(_) => Unexpected::Map,
        };
        UnpackError::Other(found.to_string(), wanted)
    }
}

struct Unpack<'de> {
    rest: &'de [u8],
    depth: u16,
}

impl<'de> Unpack<'de> {
    fn take(&mut self, length: usize) -> Result<&'de [u8], UnpackError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(UnpackError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A number of so many bytes, the highest first.
    fn number(&mut self, length: usize) -> Result<u64, UnpackError> {
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The same with a sign.
    fn signed(&mut self, length: usize) -> Result<Token<'de>, UnpackError> {
        let above = 64 - 8 * u32::try_from(length).unwrap_or(8);
        let number = (self.number(length)? << above).cast_signed() >> above;
        Ok(Token::Signed(number))
    }

    fn unsigned(&mut self, length: usize) -> Result<Token<'de>, UnpackError> {
        self.number(length).map(Token::Unsigned)
    }

    fn count(&mut self, length: usize) -> Result<u32, UnpackError> {
        self.number(length).map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn text(&mut self, length: u32) -> Result<Token<'de>, UnpackError> {
        let bytes = self.take(length as usize)?;
        std::str::from_utf8(bytes).map(Token::Text).map_err(|_| UnpackError::NotText)
    }

    fn bytes(&mut self, length: u32) -> Result<Token<'de>, UnpackError> {
        self.take(length as usize).map(Token::Bytes)
    }

    fn marker(&self) -> Result<Marker, UnpackError> {
        self.rest.first().map(|byte| Marker::from_u8(*byte)).ok_or(UnpackError::Short)
    }

    fn token(&mut self) -> Result<Token<'de>, UnpackError> {
        let marker = self.marker()?;
        self.take(1)?;
        match marker {
            Marker::Null => Ok(Token::Nil),
            Marker::True => Ok(Token::Bool(true)),
            Marker::False => Ok(Token::Bool(false)),
            Marker::FixPos(number) => Ok(Token::Unsigned(number.into())),
            Marker::FixNeg(number) => Ok(Token::Signed(number.into())),
            Marker::U8 => self.unsigned(1),
            Marker::U16 => self.unsigned(2),
            Marker::U32 => self.unsigned(4),
            Marker::U64 => self.unsigned(8),
            Marker::I8 => self.signed(1),
            Marker::I16 => self.signed(2),
            Marker::I32 => self.signed(4),
            Marker::I64 => self.signed(8),
            Marker::F32 => self.count(4).map(|bits| Token::Float(f32::from_bits(bits).into())),
            Marker::F64 => self.number(8).map(|bits| Token::Float(f64::from_bits(bits))),
            Marker::FixStr(length) => self.text(length.into()),
            Marker::Str8 => self.count(1).and_then(|length| self.text(length)),
            Marker::Str16 => self.count(2).and_then(|length| self.text(length)),
            Marker::Str32 => self.count(4).and_then(|length| self.text(length)),
            Marker::Bin8 => self.count(1).and_then(|length| self.bytes(length)),
            Marker::Bin16 => self.count(2).and_then(|length| self.bytes(length)),
            Marker::Bin32 => self.count(4).and_then(|length| self.bytes(length)),
            Marker::FixArray(length) => Ok(Token::Array(length.into())),
            Marker::Array16 => self.count(2).map(Token::Array),
            Marker::Array32 => self.count(4).map(Token::Array),
            Marker::FixMap(length) => Ok(Token::Map(length.into())),
            Marker::Map16 => self.count(2).map(Token::Map),
            Marker::Map32 => self.count(4).map(Token::Map),
            _ => Err(UnpackError::Shape("a kind of value that is never written".to_owned())),
        }
    }

    /// Passes over one value, whatever it is, and all within it.
    fn skip(&mut self) -> Result<(), UnpackError> {
        let mut left: u64 = 1;
        while left > 0 {
            left -= 1;
            left += match self.token()? {
                Token::Array(values) => u64::from(values),
                Token::Map(pairs) => 2 * u64::from(pairs),
                _ => 0,
            };
        }
        Ok(())
    }

    fn array(&mut self) -> Result<u32, UnpackError> {
        match self.token()? {
            Token::Array(values) => Ok(values),
            token => Err(token.instead_of("a list")),
        }
    }

    fn map(&mut self) -> Result<u32, UnpackError> {
        match self.token()? {
            Token::Map(pairs) => Ok(pairs),
            token => Err(token.instead_of("a map")),
        }
    }

    fn nil(&mut self) -> Result<(), UnpackError> {
        match self.token()? {
            // Also how a struct without fields is written.
            Token::Nil | Token::Array(0) => Ok(()),
            token => Err(token.instead_of("nothing")),
        }
    }

    fn enter(&mut self) -> Result<(), UnpackError> {
        self.depth = self.depth.checked_sub(1).ok_or(UnpackError::Deep)?;
        Ok(())
    }

    /// After the values of a list or map have been read.
    fn leave(&mut self, left: u32) -> Result<(), UnpackError> {
        self.depth += 1;
        if left > 0 {
            return Err(UnpackError::Left(left));
        }
        Ok(())
    }

    fn values<V: Visitor<'de>>(&mut self, count: u32, visitor: V) -> Result<V::Value, UnpackError> {
        self.enter()?;
        let mut within = Within { unpack: self, left: count };
        let value = visitor.visit_seq(&mut within)?;
        let left = within.left;
        self.leave(left).map(|()| value)
    }

    fn pairs<V: Visitor<'de>>(&mut self, count: u32, visitor: V) -> Result<V::Value, UnpackError> {
        self.enter()?;
        let mut within = Within { unpack: self, left: count };
        let value = visitor.visit_map(&mut within)?;
        let left = within.left;
        self.leave(left).map(|()| value)
    }

    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, UnpackError> {
        match self.token()? {
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            token => Err(token.instead_of("a whole number")),
        }
    }
}

/// What asks for a kind of number is given the widest; it checks by itself that it fits.
macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
            self.integer(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Unpack<'de> {
    type Error = UnpackError;

    fn is_human_readable(&self) -> bool {
        false
    }

    integers!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);
    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        match self.token()? {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            Token::Float(number) => visitor.visit_f64(number),
            Token::Text(text) => visitor.visit_borrowed_str(text),
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Array(count) => self.values(count, visitor),
            Token::Map(count) => self.pairs(count, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        match self.token()? {
            Token::Bool(value) => visitor.visit_bool(value),
            token => Err(token.instead_of("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        match self.token()? {
            Token::Float(number) => visitor.visit_f64(number),
            // A field that was a whole number once.
            Token::Unsigned(number) => visitor.visit_u64(number),
            Token::Signed(number) => visitor.visit_i64(number),
            token => Err(token.instead_of("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        match self.token()? {
            Token::Text(text) => visitor.visit_borrowed_str(text),
            token => Err(token.instead_of("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        match self.token()? {
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Array(count) => self.values(count, visitor),
            token => Err(token.instead_of("bytes")),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        if self.marker()? == Marker::Null {
            self.take(1)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.nil()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, UnpackError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        let count = self.array()?;
        self.values(count, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, UnpackError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, UnpackError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        let count = self.map()?;
        self.pairs(count, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, UnpackError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, UnpackError> {
        let holds = match self.marker()? {
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => match self.map()? {
                1 => true,
                pairs => return Err(Token::Map(pairs).instead_of("a map of one variant")),
            },
            _ => false,
        };
        self.enter()?;
        let value = visitor.visit_enum(Variant { unpack: self, holds })?;
        self.leave(0).map(|()| value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, UnpackError> {
        self.skip()?;
        visitor.visit_unit()
    }
}

/// The values of a list or map that are still to come.
struct Within<'a, 'de> {
    unpack: &'a mut Unpack<'de>,
    left: u32,
}

impl Within<'_, '_> {
    fn has_more(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    /// A count that is not true asks for no more room than there are bytes.
    fn hint(&self) -> usize {
        self.unpack.rest.len().min(self.left as usize)
    }
}

impl<'de> SeqAccess<'de> for &mut Within<'_, 'de> {
    type Error = UnpackError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, UnpackError> {
        if !self.has_more() {
            return Ok(None);
        }
        seed.deserialize(&mut *self.unpack).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}

impl<'de> MapAccess<'de> for &mut Within<'_, 'de> {
    type Error = UnpackError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, UnpackError> {
        if !self.has_more() {
            return Ok(None);
        }
        seed.deserialize(&mut *self.unpack).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, UnpackError> {
        seed.deserialize(&mut *self.unpack)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint())
    }
}

/// A variant's name, and what it holds where it holds something.
struct Variant<'a, 'de> {
    unpack: &'a mut Unpack<'de>,
    holds: bool,
}

impl Variant<'_, '_> {
    fn check(&self) -> Result<(), UnpackError> {
        if self.holds {
            return Ok(());
        }
        Err(UnpackError::Shape("a variant stands without what it holds".to_owned()))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = UnpackError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), UnpackError> {
        seed.deserialize(&mut *self.unpack).map(|name| (name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = UnpackError;

    fn unit_variant(self) -> Result<(), UnpackError> {
        if self.holds {
            return self.unpack.nil();
        }
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, UnpackError> {
        self.check()?;
        seed.deserialize(self.unpack)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, UnpackError> {
        self.check()?;
        self.unpack.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, UnpackError> {
        self.check()?;
        self.unpack.deserialize_map(visitor)
    }
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
