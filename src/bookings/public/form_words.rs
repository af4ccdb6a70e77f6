//! What is wrong with what a visitor typed, in six languages. `{…}` marks what is filled in.

use crate::bookings::words::{fill, Language};

pub struct FormWords {
    /// Above all of them: `{n}`.
    to_mend: &'static str,
    /// `{n}` may be, `{is}` are.
    too_long: &'static str,
    pub wrong_number: &'static str,
    /// `{address}`.
    wrong_other: &'static str,
    /// `{n}` may come, `{is}` are named.
    too_many: &'static str,
    /// Where one only can come along.
    too_many_for_one: &'static str,
}

pub fn of(language: Language) -> &'static FormWords {
    language.among(ALL)
}

impl FormWords {
    pub fn to_mend(&self, count: usize) -> String {
        fill(self.to_mend, &[("n", &count.to_string())])
    }

    pub fn too_long(&self, most: usize, is: usize) -> String {
        fill(self.too_long, &[("n", &most.to_string()), ("is", &is.to_string())])
    }

    pub fn wrong_other(&self, address: &str) -> String {
        fill(self.wrong_other, &[("address", address)])
    }

    pub fn too_many(&self, most: u32, are: usize) -> String {
        let words = if most == 1 { self.too_many_for_one } else { self.too_many };
        fill(words, &[("n", &most.to_string()), ("is", &are.to_string())])
    }
}

const ALL: [&FormWords; 6] = [
    &FormWords {
        to_mend: "{n} things to look at. What you typed is kept.",
        too_long: "This is too long: at most {n} characters, and it has {is}.",
        wrong_number: "Write a number.",
        wrong_other: "“{address}” is no e-mail address.",
        too_many: "Too many: at most {n} can come along, and these are {is}.",
        too_many_for_one: "Too many: one person can come along, and these are {is}.",
    },
    &FormWords {
        to_mend: "Bitte prüfen Sie {n} Angaben. Was Sie geschrieben haben, bleibt stehen.",
        too_long: "Das ist zu lang: höchstens {n} Zeichen, es sind {is}.",
        wrong_number: "Bitte geben Sie eine Zahl an.",
        wrong_other: "„{address}“ ist keine E-Mail-Adresse.",
        too_many: "Das sind zu viele: Höchstens {n} können mitkommen, angegeben sind {is}.",
        too_many_for_one: "Das sind zu viele: Nur eine Person kann mitkommen, angegeben sind {is}.",
    },
    &FormWords {
        to_mend: "Revise {n} datos. Lo que ha escrito se conserva.",
        too_long: "Es demasiado largo: como máximo {n} caracteres, y tiene {is}.",
        wrong_number: "Escriba un número.",
        wrong_other: "«{address}» no es una dirección de correo.",
        too_many: "Son demasiados: como máximo {n} acompañantes, y ha indicado {is}.",
        too_many_for_one: "Son demasiados: solo puede venir un acompañante, y ha indicado {is}.",
    },
    &FormWords {
        to_mend: "{n} points à revoir. Ce que vous avez écrit est conservé.",
        too_long: "C’est trop long : {n} caractères au plus, et il y en a {is}.",
        wrong_number: "Écrivez un nombre.",
        wrong_other: "« {address} » n’est pas une adresse e-mail.",
        too_many: "C’est trop : {n} accompagnants au plus, et vous en indiquez {is}.",
        too_many_for_one: "C’est trop : un seul accompagnant peut venir, et vous en indiquez {is}.",
    },
    &FormWords {
        to_mend: "Há {n} pontos a corrigir. O que você escreveu foi mantido.",
        too_long: "É longo demais: no máximo {n} caracteres, e tem {is}.",
        wrong_number: "Escreva um número.",
        wrong_other: "“{address}” não é um endereço de e-mail.",
        too_many: "São pessoas demais: no máximo {n} acompanhantes, e você indicou {is}.",
        too_many_for_one: "São pessoas demais: só pode vir um acompanhante, e você indicou {is}.",
    },
    &FormWords {
        to_mend: "{n} बातें देखनी हैं। आपने जो लिखा, वह बना हुआ है।",
        too_long: "यह बहुत लंबा है: अधिक से अधिक {n} अक्षर, और इसमें {is} हैं।",
        wrong_number: "एक संख्या लिखें।",
        wrong_other: "“{address}” ई-मेल पता नहीं है।",
        too_many: "ये बहुत अधिक हैं: अधिक से अधिक {n} लोग साथ आ सकते हैं, और आपने {is} लिखे हैं।",
        too_many_for_one: "ये बहुत अधिक हैं: केवल एक व्यक्ति साथ आ सकता है, और आपने {is} लिखे हैं।",
    },
];
